#define _GNU_SOURCE
#include "CDeixisSystem.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#ifdef DEIXIS_RESERVE
// What comes from here may be refused, and is asked of the system alone (reserve.c).
int __real_posix_memalign(void **block, size_t alignment, size_t size);
#define posix_memalign __real_posix_memalign
#endif

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

/// The number a file begins with; `unlimited` for anything else, as "max", or without the file.
static uint64_t read_number(const char *folder, const char *name, uint64_t unlimited) {
    char path[1400];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "re");
    if (!file) return unlimited;
    unsigned long long number;
    int found = fscanf(file, "%llu", &number);
    fclose(file);
    return found == 1 ? number : unlimited;
}

/// Bytes of files in memory that the group gives up first, from "name bytes" lines.
static uint64_t read_stat(const char *folder, const char *wanted) {
    char path[1400], name[64];
    snprintf(path, sizeof path, "%s/memory.stat", folder);
    FILE *file = fopen(path, "re");
    if (!file) return 0;
    unsigned long long number;
    while (fscanf(file, "%63s %llu", name, &number) == 2) {
        if (strcmp(name, wanted)) continue;
        fclose(file);
        return number;
    }
    fclose(file);
    return 0;
}

static void cut_by_group(const char *folder, void *context) {
    static const char *const names[][3] = {
        {"memory.max", "memory.current", "inactive_file"},
        {"memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"},
    };
    uint64_t *available = context;
    for (size_t i = 0; i < 2; i++) {
        const uint64_t limit = read_number(folder, names[i][0], UINT64_MAX), used = read_number(folder, names[i][1], 0);
        // Version 1 writes "no limit" as a number near 2^63.
        if (limit >= UINT64_MAX / 4) continue;
        const uint64_t spare = read_stat(folder, names[i][2]), kept = used > spare ? used - spare : 0;
        const uint64_t left = limit > kept ? limit - kept : 0;
        if (left < *available) *available = left;
    }
}

uint64_t deixis_available_memory(const char *root) {
    char path[600];
    snprintf(path, sizeof path, "%s/proc/meminfo", root);
    uint64_t available = UINT64_MAX;
    static const char *const name[] = {"MemAvailable"};
    uint64_t *const value[] = {&available};
    (void)read_fields(path, 1, name, value);
    deixis_visit_groups(root, "memory", cut_by_group, &available);
    return available;
}
