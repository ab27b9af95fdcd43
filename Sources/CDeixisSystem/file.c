#define _GNU_SOURCE
#include "CDeixisSystem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int deixis_map_file(const char *path, deixis_mapping *mapping) {
    *mapping = (deixis_mapping){0};
    // Not blocking: opening a pipe must fail below, not wait for a writer.
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return errno;
    struct stat info;
    int error = 0;
    if (fstat(fd, &info) != 0) {
        error = errno;
    } else if (S_ISDIR(info.st_mode)) {
        error = EISDIR;
    } else if (!S_ISREG(info.st_mode)) {
        error = EINVAL;
    } else if (info.st_size > 0) {
        void *bytes = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (bytes == MAP_FAILED) {
            error = errno;
        } else {
            mapping->bytes = bytes;
            mapping->size = (size_t)info.st_size;
        }
    }
    close(fd);
    return error;
}

int deixis_map_zeros(size_t size, deixis_mapping *mapping) {
    *mapping = (deixis_mapping){0};
    if (size == 0) return 0;
    void *bytes = mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (bytes == MAP_FAILED) return errno;
    *mapping = (deixis_mapping){.bytes = bytes, .size = size};
    return 0;
}

void deixis_unmap_file(deixis_mapping *mapping) {
    if (mapping->bytes) munmap((void *)mapping->bytes, mapping->size);
    *mapping = (deixis_mapping){0};
}

void deixis_forget_pages(const void *bytes, size_t size) {
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t begin = ((uintptr_t)bytes + page - 1) & ~(page - 1), end = ((uintptr_t)bytes + size) & ~(page - 1);
    if (begin < end) madvise((void *)begin, end - begin, MADV_DONTNEED);
}

int deixis_read_file(const char *path, uint8_t **bytes, size_t *size) {
    *bytes = NULL;
    *size = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return errno;
    struct stat info;
    int error = 0;
    size_t capacity = 0, length = 0;
    uint8_t *buffer = NULL;
    if (fstat(fd, &info) != 0) error = errno;
    else if (S_ISDIR(info.st_mode)) error = EISDIR;
    // One byte more than the file says, so that one short read tells the end.
    else capacity = info.st_size > 0 ? (size_t)info.st_size + 1 : 1 << 16;
    if (!error && !(buffer = malloc(capacity))) error = ENOMEM;
    while (!error) {
        if (length == capacity) {
            uint8_t *larger = capacity <= SIZE_MAX / 2 ? realloc(buffer, capacity *= 2) : NULL;
            if (!larger) { error = ENOMEM; break; }
            buffer = larger;
        }
        ssize_t count = read(fd, buffer + length, capacity - length);
        if (count == 0) break;
        if (count > 0) length += (size_t)count;
        else if (errno != EINTR) error = errno;
    }
    close(fd);
    if (error || length == 0) {
        free(buffer);
        return error;
    }
    *bytes = buffer;
    *size = length;
    return 0;
}

struct deixis_file {
    int fd;
    int error;
    char *temporary;
    char path[];
};

int deixis_file_begin(const char *path, deixis_file **file) {
    *file = NULL;
    static const char suffix[] = ".XXXXXX";
    size_t length = strlen(path);
    if (length == 0) return ENOENT;
    deixis_file *f = malloc(sizeof *f + 2 * (length + 1) + sizeof suffix);
    if (!f) return ENOMEM;
    memcpy(f->path, path, length + 1);
    f->temporary = f->path + length + 1;
    memcpy(f->temporary, path, length);
    memcpy(f->temporary + length, suffix, sizeof suffix);
    f->error = 0;
    f->fd = mkostemp(f->temporary, O_CLOEXEC);
    if (f->fd < 0) {
        int error = errno;
        free(f);
        return error;
    }
    // mkostemp makes 0600; keep the mode of the file to be replaced, or what open(…, 0666) would have made.
    struct stat info;
    mode_t mode;
    if (stat(path, &info) == 0) {
        mode = info.st_mode & 0777;
    } else {
        mode = umask(0);
        umask(mode);
        mode = 0666 & ~mode;
    }
    (void)fchmod(f->fd, mode);
    *file = f;
    return 0;
}

int deixis_file_append(deixis_file *file, const void *bytes, size_t size) {
    const uint8_t *next = bytes;
    while (!file->error && size > 0) {
        ssize_t count = write(file->fd, next, size);
        if (count >= 0) {
            next += count;
            size -= (size_t)count;
        } else if (errno != EINTR) {
            file->error = errno;
        }
    }
    return file->error;
}

int deixis_file_skip(deixis_file *file, size_t size) {
    if (file->error || size == 0) return file->error;
    off_t end = lseek(file->fd, (off_t)size, SEEK_CUR);
    // A hole at the very end must count in the file's size.
    if (end < 0 || ftruncate(file->fd, end) != 0) file->error = errno;
    return file->error;
}

/// Makes the rename itself durable; a file system that cannot is no reason to fail.
static void sync_folder(const char *path) {
    const char *slash = strrchr(path, '/');
    char *folder = slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup(".");
    int fd = folder ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (fd >= 0) {
        (void)fsync(fd);
        close(fd);
    }
    free(folder);
}

int deixis_file_commit(deixis_file *file) {
    if (!file->error && fsync(file->fd) != 0) file->error = errno;
    if (close(file->fd) != 0 && !file->error) file->error = errno;
    file->fd = -1;
    if (!file->error && rename(file->temporary, file->path) != 0) file->error = errno;
    int error = file->error;
    if (error) {
        deixis_file_abort(file);
        return error;
    }
    sync_folder(file->path);
    free(file);
    return 0;
}

void deixis_file_abort(deixis_file *file) {
    if (!file) return;
    if (file->fd >= 0) close(file->fd);
    unlink(file->temporary);
    free(file);
}

int deixis_write_file(const char *path, const void *bytes, size_t size) {
    deixis_file *file;
    int error = deixis_file_begin(path, &file);
    if (error) return error;
    (void)deixis_file_append(file, bytes, size);
    return deixis_file_commit(file);
}
