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
    if (read_text(path, text, sizeof text))
        return sscanf(text, "%lld %lld", &quota, &period) == 2 ? quota_of(quota, period) : 0;
    snprintf(path, sizeof path, "%s/cpu.cfs_quota_us", folder);
    if (!read_text(path, text, sizeof text)) return 0;
    quota = atoll(text);
    snprintf(path, sizeof path, "%s/cpu.cfs_period_us", folder);
    if (!read_text(path, text, sizeof text)) return 0;
    return quota_of(quota, atoll(text));
}

/// Calls `visit` for every folder from `base/group` up to `base`. Inside a container the group's own path may not
/// exist; the base then holds it.
static void visit_path(
    const char *base, const char *group, void (*visit)(const char *folder, void *context), void *context) {
    char folder[1300], rest[600];
    snprintf(rest, sizeof rest, "%s", group);
    for (;;) {
        snprintf(folder, sizeof folder, "%s%s", base, rest);
        visit(folder, context);
        char *slash = strrchr(rest, '/');
        if (!slash) return;
        *slash = 0;
    }
}

/// The same for each group that holds this process under `controller`, of both versions of control groups.
void deixis_visit_groups(
    const char *root, const char *controller, void (*visit)(const char *folder, void *context), void *context) {
    char path[600], base[600], line[600];
    snprintf(path, sizeof path, "%s/proc/self/cgroup", root);
    FILE *file = fopen(path, "re");
    if (!file) return;
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
                snprintf(base, sizeof base, "%s%s", root, mounts[i]);
                visit_path(base, group, visit, context);
            }
            continue;
        }
        char listed[600];
        snprintf(listed, sizeof listed, "%s", controllers);
        for (char *rest = controllers, *name; (name = strsep(&rest, ",")) != NULL;) {
            if (strcmp(name, controller)) continue;
            const char *const mounts[] = {controller, listed};
            for (size_t i = 0; i < (strcmp(controller, listed) ? 2 : 1); i++) {
                int length = snprintf(base, sizeof base, "%s/sys/fs/cgroup/%s", root, mounts[i]);
                if (length > 0 && (size_t)length < sizeof base) visit_path(base, group, visit, context);
            }
        }
    }
    fclose(file);
}

static void take_quota(const char *folder, void *cores) {
    *(int *)cores = tighter(*(int *)cores, folder_quota(folder));
}

int deixis_quota_cores(const char *root) {
    int cores = 0;
    deixis_visit_groups(root, "cpu", take_quota, &cores);
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
