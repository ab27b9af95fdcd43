#define _GNU_SOURCE
#include "CDeixisSystem.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/// Reads the start of a small file; false when it is not there.
static bool read_text(const char *path, char *text, size_t capacity) {
    FILE *file = fopen(path, "re");
    if (!file) return false;
    size_t length = fread(text, 1, capacity - 1, file);
    fclose(file);
    text[length] = 0;
    return length > 0;
}

/// ceil(quota / period), 0 for none.
static int quota_of(long long quota, long long period) {
    if (quota <= 0 || period <= 0) return 0;
    long long cores = (quota + period - 1) / period;
    return cores > 1 << 20 ? 0 : (int)cores;
}

static int tighter(int a, int b) { return a == 0 ? b : b == 0 ? a : a < b ? a : b; }

/// Quota of one group folder, by whichever version's files it holds.
static int folder_quota(const char *folder) {
    char path[1400], text[128];
    long long quota, period;
    snprintf(path, sizeof path, "%s/cpu.max", folder);
    if (read_text(path, text, sizeof text)) return sscanf(text, "%lld %lld", &quota, &period) == 2 ? quota_of(quota, period) : 0;
    snprintf(path, sizeof path, "%s/cpu.cfs_quota_us", folder);
    if (!read_text(path, text, sizeof text)) return 0;
    quota = atoll(text);
    snprintf(path, sizeof path, "%s/cpu.cfs_period_us", folder);
    if (!read_text(path, text, sizeof text)) return 0;
    return quota_of(quota, atoll(text));
}

/// The tightest quota from `base/group` up to `base`. Inside a container the group's own path may not exist; the base then holds it.
static int path_quota(const char *base, char *group) {
    int cores = 0;
    char folder[1300];
    for (;;) {
        snprintf(folder, sizeof folder, "%s%s", base, group);
        cores = tighter(cores, folder_quota(folder));
        char *slash = strrchr(group, '/');
        if (!slash) return cores;
        *slash = 0;
    }
}

int deixis_quota_cores(const char *root) {
    char path[600], base[600], line[600];
    snprintf(path, sizeof path, "%s/proc/self/cgroup", root);
    FILE *file = fopen(path, "re");
    if (!file) return 0;
    int cores = 0;
    while (fgets(line, sizeof line, file)) {
        // "0::/group" (v2) or "4:cpu,cpuacct:/group" (v1)
        line[strcspn(line, "\n")] = 0;
        char *controllers = strchr(line, ':');
        char *group = controllers ? strchr(controllers + 1, ':') : NULL;
        if (!group) continue;
        *group++ = 0;
        controllers++;
        if (!strcmp(group, "/")) group[0] = 0;
        if (controllers[0] == 0) {
            static const char *const mounts[] = {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"};
            for (size_t i = 0; i < 2; i++) {
                char copy[600];
                strcpy(copy, group);
                snprintf(base, sizeof base, "%s%s", root, mounts[i]);
                cores = tighter(cores, path_quota(base, copy));
            }
            continue;
        }
        for (char *rest = controllers, *name; (name = strsep(&rest, ",")) != NULL;) {
            if (strcmp(name, "cpu")) continue;
            static const char *const mounts[] = {"/sys/fs/cgroup/cpu", "/sys/fs/cgroup/cpu,cpuacct"};
            for (size_t i = 0; i < 2; i++) {
                char copy[600];
                strcpy(copy, group);
                snprintf(base, sizeof base, "%s%s", root, mounts[i]);
                cores = tighter(cores, path_quota(base, copy));
            }
        }
    }
    fclose(file);
    return cores;
}

int deixis_usable_cores(void) {
    int cores = 1;
    // More than 1024 CPUs need a larger mask; EINVAL says so.
    for (int capacity = 1024; capacity <= 1 << 16; capacity *= 4) {
        cpu_set_t *set = CPU_ALLOC(capacity);
        if (!set) break;
        size_t size = CPU_ALLOC_SIZE(capacity);
        CPU_ZERO_S(size, set);
        bool known = sched_getaffinity(0, size, set) == 0;
        if (known) cores = CPU_COUNT_S(size, set);
        CPU_FREE(set);
        if (known) break;
    }
    cores = tighter(cores, deixis_quota_cores(""));
    return cores < 1 ? 1 : cores;
}
