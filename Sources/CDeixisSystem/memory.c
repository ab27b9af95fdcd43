#define _GNU_SOURCE
#include "CDeixisSystem.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { huge_page = 2 << 20 };

void *deixis_allocate(size_t size, size_t alignment) {
    if (alignment < 64) alignment = 64;
    if (size >= huge_page && alignment < huge_page) alignment = huge_page;
    if (size > SIZE_MAX / 2 || (alignment & (alignment - 1))) return NULL;
    void *block = NULL;
    if (posix_memalign(&block, alignment, size ? size : 1) != 0) return NULL;
    // Whole huge pages only: advice on the rest would spread to a neighbor's page.
    if (size >= huge_page) (void)madvise(block, size & ~(size_t)(huge_page - 1), MADV_HUGEPAGE);
    return block;
}

void *deixis_allocate_pages(size_t size, size_t alignment) {
    void *block = NULL;
    return size <= SIZE_MAX / 2 && posix_memalign(&block, alignment, size) == 0 ? block : NULL;
}

void deixis_deallocate(void *block) { free(block); }

uint64_t deixis_physical_memory(void) {
    long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
    return pages > 0 && size > 0 ? (uint64_t)pages * (uint64_t)size : UINT64_MAX;
}

/// Adds the fields of a "Name:   123 kB" file that `names` lists to the places in `values`.
static int read_fields(const char *path, size_t count, const char *const names[], uint64_t *const values[]) {
    FILE *file = fopen(path, "re");
    if (!file) return errno;
    char line[256];
    while (fgets(line, sizeof line, file)) {
        for (size_t i = 0; i < count; i++) {
            size_t length = strlen(names[i]);
            if (strncmp(line, names[i], length) == 0 && line[length] == ':') {
                *values[i] = strtoull(line + length + 1, NULL, 10) * 1024;
            }
        }
    }
    fclose(file);
    return 0;
}

int deixis_read_memory(deixis_memory *memory) {
    *memory = (deixis_memory){0};
    static const char *const status[] = {"VmRSS", "VmHWM", "RssAnon"};
    uint64_t *const status_values[] = {&memory->resident, &memory->peak_resident, &memory->anonymous};
    int error = read_fields("/proc/self/status", 3, status, status_values);
    if (error) return error;
    static const char *const rollup[] = {"Pss", "Anonymous", "AnonHugePages"};
    uint64_t *const rollup_values[] = {&memory->proportional, &memory->anonymous, &memory->huge};
    (void)read_fields("/proc/self/smaps_rollup", 3, rollup, rollup_values);
    return 0;
}
