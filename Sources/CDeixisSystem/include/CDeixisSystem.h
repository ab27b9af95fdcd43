// What the lean set needs from libc and the kernel, so that its Swift never imports Glibc.
//
// Functions that can fail return 0 or an errno value; deixis_error_text turns it into words. Nothing prints, nothing exits.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// MARK: - Errors (error.c)

/// Writes the text of errno value `code` into `buffer`, cut to `capacity` bytes with a final NUL. Returns the length without the NUL.
size_t deixis_error_text(int code, char *buffer, size_t capacity);

// MARK: - Files (file.c)

/// A file mapped read-only. `bytes` is null exactly when `size` is 0.
typedef struct deixis_mapping {
    const uint8_t *bytes;
    size_t size;
} deixis_mapping;

/// Maps a regular file read-only. A directory gives EISDIR, anything else that is not a regular file EINVAL.
int deixis_map_file(const char *path, deixis_mapping *mapping);
/// Maps `size` bytes that read as 0 and take no memory; for deixis_unmap_file too.
int deixis_map_zeros(size_t size, deixis_mapping *mapping);
/// Unmaps and clears. Harmless on a cleared mapping.
void deixis_unmap_file(deixis_mapping *mapping);
/// Lets the system drop the whole pages inside a part of a mapped file; they are read again when touched. Only for deixis_map_file's
/// memory: other memory would lose its contents.
void deixis_forget_pages(const void *bytes, size_t size);

/// Reads a whole file (pipes too) into memory to be given back with deixis_deallocate. `*bytes` may be null when `*size` is 0.
int deixis_read_file(const char *path, uint8_t **bytes, size_t *size);

/// Writes a temporary file in the folder of `path`, fsyncs it and renames it over `path`: readers see the old or the new file, never
/// a part. On failure the old file is as it was and the temporary one is gone.
int deixis_write_file(const char *path, const void *bytes, size_t size);

/// The same in pieces. After deixis_file_begin returned 0, exactly one of deixis_file_commit and deixis_file_abort must follow;
/// commit aborts by itself when it fails. A failed write is remembered: commit then returns that error.
typedef struct deixis_file deixis_file;
int deixis_file_begin(const char *path, deixis_file **file);
int deixis_file_append(deixis_file *file, const void *bytes, size_t size);
/// Leaves a hole that reads as zeros, where the file system has holes.
int deixis_file_skip(deixis_file *file, size_t size);
int deixis_file_commit(deixis_file *file);
void deixis_file_abort(deixis_file *file);

/// A checksum of `bytes` going on from `seed`: any one changed byte changes it (formats/compiled.md). Written here, for the lean set has no
/// library; it guards against damage, not against forgery.
uint64_t deixis_checksum(uint64_t seed, const void *bytes, size_t size);

// MARK: - Time, cores and caches (clock.c, cores.c, caches.c)

/// Nanoseconds of a clock that never goes back; only differences mean something.
uint64_t deixis_clock_ns(void);

/// Cores this process may use: the affinity mask, cut by the CPU quota of its control group (v1 or v2, the tightest on the path to the
/// root, rounded up). At least 1.
int deixis_usable_cores(void);
/// The quota part alone, reading /proc and /sys/fs/cgroup under `root` ("" for the real ones; tests pass a folder). 0 means no quota.
int deixis_quota_cores(const char *root);

/// Bytes of the data caches that one core has to itself, of L2 its part where cores share it; where the system does not tell, 32 KiB and 512 KiB.
void deixis_core_caches(size_t *l1, size_t *l2);
/// The part that reads /sys/devices/system/cpu under `root` ("" for the real one; tests pass a folder), for the first CPU. 0: not told.
void deixis_listed_caches(const char *root, size_t *l1, size_t *l2);

// MARK: - Memory (memory.c)

/// `size` bytes aligned to `alignment` (a power of two, at least 64 is used). From 2 MiB on the block is aligned to 2 MiB and advised
/// to use huge pages. Contents are undefined. Null when memory is short.
void *deixis_allocate(size_t size, size_t alignment);
/// The same in pages as they come, without that advice.
void *deixis_allocate_pages(size_t size, size_t alignment);
void deixis_deallocate(void *block);

/// Bytes of memory that this machine has; UINT64_MAX where it does not tell.
uint64_t deixis_physical_memory(void);

/// Bytes of this process, from /proc/self/smaps_rollup and status. A field the system does not tell is 0.
typedef struct deixis_memory {
    uint64_t resident;
    uint64_t proportional;      // PSS: shared pages divided by their sharers
    uint64_t anonymous;         // no file behind it: heap, stacks, arenas
    uint64_t huge;              // part of anonymous in huge pages
    uint64_t peak_resident;     // VmHWM
} deixis_memory;
int deixis_read_memory(deixis_memory *memory);

// MARK: - Threads (pool.c)

/// One task of a parallel run. `worker` is 0 for the caller of deixis_pool_run, below the pool's thread count for all.
typedef void (*deixis_task)(void *context, size_t task, size_t worker);

/// Fork-join threads that spin for some microseconds before they sleep.
typedef struct deixis_pool deixis_pool;

/// A pool of `threads` (at least 1) threads, the caller counted: `threads - 1` are started. Null when they cannot be.
deixis_pool *deixis_pool_create(size_t threads);
/// Waits for the threads to end. Must not run at the same time as deixis_pool_run on this pool. Null is allowed.
void deixis_pool_destroy(deixis_pool *pool);
size_t deixis_pool_threads(const deixis_pool *pool);
/// Calls `task(context, i, worker)` once for every i in [0, count), then returns; what the tasks wrote is visible. Tasks are handed out
/// one by one in order, so the first ones should be the long ones. Calls from several threads take turns. A call from inside a task
/// runs its tasks in place, all with the worker number of that task.
void deixis_pool_run(deixis_pool *pool, size_t count, deixis_task task, void *context);

#ifdef __cplusplus
}
#endif
