#define _GNU_SOURCE
#include "CDeixisSystem.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
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
        if (bytes == MAP_FAILED) error = errno;
        else mapping->bytes = bytes;
        if (!error || error == ENOMEM) mapping->size = (size_t)info.st_size;
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
    // Devices may never end; a terminal does, and so does what has nothing.
    else if (S_ISBLK(info.st_mode) || (S_ISCHR(info.st_mode) && !isatty(fd) && info.st_rdev != makedev(1, 3)))
        error = EINVAL;
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
    /// The file that is replaced: `path` with symbolic links followed.
    char *target;
    char temporary[];
};

/// The path that opening `path` for writing would come to: symbolic links followed, also one that leads to nothing yet.
/// Null and errno.
static char *follow_links(const char *path) {
    char *at = strdup(path);
    for (int links = 0; at; links++) {
        char link[PATH_MAX];
        const ssize_t length = readlink(at, link, sizeof link - 1);
        // EINVAL: not a link. What else is wrong shows when the file is made.
        if (length < 0) return at;
        link[length] = 0;
        const char *slash = strrchr(at, '/');
        const int folder = slash && link[0] != '/' ? (int)(slash - at) + 1 : 0;
        char *next = NULL;
        if (links == 40) errno = ELOOP;
        else if (asprintf(&next, "%.*s%s", folder, at, link) < 0) next = NULL, errno = ENOMEM;
        free(at);
        at = next;
    }
    return at;
}

/// A new file in the folder of `file->target`, with the mode that open(2) gives new files. Returns 0 or errno.
static int make_temporary(deixis_file *file, size_t folder) {
    static atomic_uint count;
    for (int attempt = 0; attempt < 100; attempt++) {
        const uint64_t number = deixis_clock_ns() * 1000 + (uint64_t)atomic_fetch_add(&count, 1) % 1000;
        sprintf(file->temporary + folder, ".deixis-%x-%llx", (unsigned)getpid(), (unsigned long long)number);
        file->fd = open(file->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (file->fd >= 0) return 0;
        if (errno != EEXIST) return errno;
    }
    return EEXIST;
}

/// 0 where a file may be put: none is there yet, or a regular one; its status then goes to `info`, whose mode is 0
/// without one.
static int look(const char *path, struct stat *info) {
    info->st_mode = 0;
    if (path[0] == 0) return ENOENT;
    if (stat(path, info) != 0) {
        const int error = errno;
        info->st_mode = 0;
        if (error != ENOENT) return error;
        return path[strlen(path) - 1] == '/' ? EISDIR : 0;
    }
    if (S_ISDIR(info->st_mode)) return EISDIR;
    return S_ISREG(info->st_mode) ? 0 : EINVAL;
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

/// Who may read the old file may read the new one, and no one else; owner and group are kept where the system lets us.
static void take_over(int fd, const struct stat *old) {
    if (!old->st_mode) return;
    mode_t mode = old->st_mode & 0777;
    // Another group may do no more than everybody.
    if (fchown(fd, old->st_uid, old->st_gid) != 0 && fchown(fd, (uid_t)-1, old->st_gid) != 0) mode &= 0707 | mode << 3;
    (void)fchmod(fd, mode);
}

int deixis_file_begin(const char *path, deixis_file **file) {
    *file = NULL;
    struct stat info;
    int error = look(path, &info);
    if (error) return error;
    char *target = follow_links(path);
    if (!target) return errno;
    const char *slash = strrchr(target, '/');
    const size_t folder = slash ? (size_t)(slash - target) + 1 : 0;
    deixis_file *f = malloc(sizeof *f + folder + 64);
    if (!f) {
        free(target);
        return ENOMEM;
    }
    *f = (deixis_file){.target = target};
    memcpy(f->temporary, target, folder);
    error = make_temporary(f, folder);
    if (error) {
        free(target);
        free(f);
        return error;
    }
    take_over(f->fd, &info);
    *file = f;
    return 0;
}

int deixis_move_file(const char *made, const char *path) {
    struct stat info;
    int error = look(path, &info);
    if (error) return error;
    char *target = follow_links(path);
    if (!target) return errno;
    const int fd = open(made, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) take_over(fd, &info);
    if (fd < 0 || rename(made, target) != 0) error = errno;
    if (fd >= 0) close(fd);
    if (!error) sync_folder(target);
    free(target);
    return error;
}

int deixis_file_append(deixis_file *file, const void *bytes, size_t size) {
    if (!file->error) file->error = deixis_write_all(file->fd, bytes, size);
    return file->error;
}

int deixis_write_all(int descriptor, const void *bytes, size_t size) {
    const char *next = bytes;
    while (size > 0) {
        const ssize_t count = write(descriptor, next, size);
        if (count >= 0) {
            next += count;
            size -= (size_t)count;
        } else if (errno != EINTR) {
            return errno;
        }
    }
    return 0;
}

/// Renames, and `durable`: not before the bytes are on the disk.
static int finish(deixis_file *file, bool durable) {
    if (!file->error && durable && fsync(file->fd) != 0) file->error = errno;
    if (close(file->fd) != 0 && !file->error) file->error = errno;
    file->fd = -1;
    if (!file->error && rename(file->temporary, file->target) != 0) file->error = errno;
    int error = file->error;
    if (error) {
        deixis_file_abort(file);
        return error;
    }
    if (durable) sync_folder(file->target);
    free(file->target);
    free(file);
    return 0;
}

int deixis_file_commit(deixis_file *file) { return finish(file, true); }
int deixis_file_commit_unsynced(deixis_file *file) { return finish(file, false); }

void deixis_file_abort(deixis_file *file) {
    if (!file) return;
    if (file->fd >= 0) close(file->fd);
    unlink(file->temporary);
    free(file->target);
    free(file);
}

int deixis_write_file(const char *path, const void *bytes, size_t size) {
    deixis_file *file;
    int error = deixis_file_begin(path, &file);
    if (error) return error;
    (void)deixis_file_append(file, bytes, size);
    return deixis_file_commit(file);
}
