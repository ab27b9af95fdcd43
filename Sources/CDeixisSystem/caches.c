#define _GNU_SOURCE
#include "CDeixisSystem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/// The first line of `root`/sys/devices/system/cpu/cpu0/cache/index`index`/`name`; empty when it is not there.
static void read_line(const char *root, int index, const char *name, char line[64]) {
    char path[600];
    line[0] = 0;
    snprintf(path, sizeof path, "%s/sys/devices/system/cpu/cpu0/cache/index%d/%s", root, index, name);
    FILE *file = fopen(path, "re");
    if (!file) return;
    if (!fgets(line, 64, file)) line[0] = 0;
    fclose(file);
}

/// How many CPUs a list as "0-3,8" names.
static long cpus_of(const char *list) {
    long count = 0;
    for (char *end; *list >= '0' && *list <= '9'; list = *end == ',' ? end + 1 : end) {
        const long first = strtol(list, &end, 10), last = *end == '-' ? strtol(end + 1, &end, 10) : first;
        if (last >= first) count += last - first + 1;
    }
    return count > 0 ? count : 1;
}

/// "512K" or "1M" in bytes.
static size_t bytes_of(const char *size) {
    char *unit;
    const unsigned long number = strtoul(size, &unit, 10);
    return number > 1 << 20 ? 0 : (size_t)number << (*unit == 'K' ? 10 : *unit == 'M' ? 20 : 0);
}

/// What cache `index` is: 1 or 2 for data caches of that level, else 0, and how many CPUs share it.
static int level_of(const char *root, int index, long *sharers) {
    char line[64];
    read_line(root, index, "level", line);
    const int level = line[0] == '1' || line[0] == '2' ? line[0] - '0' : 0;
    if (!level) return 0;
    read_line(root, index, "type", line);
    if (line[0] == 'I') return 0;
    read_line(root, index, "shared_cpu_list", line);
    *sharers = cpus_of(line);
    return level;
}

/// Of an L2 cache that `second` CPUs share, where `first` share the L1: those are threads of one core.
static size_t part(size_t size, long second, long first) {
    return size / (size_t)(second > first ? second / first : 1);
}

void deixis_listed_caches(const char *root, size_t *l1, size_t *l2) {
    size_t size[3] = {0};
    long sharers[3] = {1, 1, 1};
    for (int index = 0; index < 8; index++) {
        long cpus = 1;
        const int level = level_of(root, index, &cpus);
        if (!level) continue;
        char line[64];
        read_line(root, index, "size", line);
        size[level] = bytes_of(line);
        sharers[level] = cpus;
    }
    *l1 = size[1];
    *l2 = part(size[2], sharers[2], sharers[1]);
}

void deixis_core_caches(size_t *l1, size_t *l2) {
    *l1 = *l2 = 0;
#ifdef _SC_LEVEL1_DCACHE_SIZE
    // At once from the CPU on x86, where L1 and L2 are listed first and third: who shares them takes four small files
    // more, sizes eight.
    const long first = sysconf(_SC_LEVEL1_DCACHE_SIZE), second = sysconf(_SC_LEVEL2_CACHE_SIZE);
    long of_first = 1, of_second = 1;
    if (first > 0 && second > 0 && level_of("", 2, &of_second) == 2 && level_of("", 0, &of_first) == 1) {
        *l1 = (size_t)first;
        *l2 = part((size_t)second, of_second, of_first);
        return;
    }
#endif
    deixis_listed_caches("", l1, l2);
#ifdef _SC_LEVEL1_DCACHE_SIZE
    if (*l1 == 0 && first > 0) *l1 = (size_t)first;
    if (*l2 == 0 && second > 0) *l2 = (size_t)second;
#endif
    if (*l1 == 0) *l1 = 32 << 10;
    if (*l2 == 0) *l2 = 512 << 10;
}
