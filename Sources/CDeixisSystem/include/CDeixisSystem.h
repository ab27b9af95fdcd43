// What both houses need from libc and the kernel, so that the Swift of the lean set never imports Glibc.
//
// Functions that can fail return 0 or an errno value; deixis_error_text turns it into words. Nothing prints, nothing
// exits.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// MARK: - Errors (error.c)

/// Writes the text of errno value `code` into `buffer`, cut to `capacity` bytes with a final NUL. Returns the length
/// without the NUL.
size_t deixis_error_text(int code, char *buffer, size_t capacity);

/// Whether errno value `code` says that memory is short.
bool deixis_error_is_memory(int code);
/// The same of a thread that was not started: EAGAIN says that there is no memory for its stack, or that the user has
/// too many.
bool deixis_error_is_shortage(int code);

// MARK: - Files (file.c)

/// A file mapped read-only. `bytes` is null exactly when `size` is 0.
typedef struct deixis_mapping {
    const uint8_t *bytes;
    size_t size;
} deixis_mapping;

/// Maps a regular file read-only. A directory gives EISDIR, anything else that is not a regular file EINVAL. With
/// ENOMEM `mapping->size` says how much there was no room for.
int deixis_map_file(const char *path, deixis_mapping *mapping);
/// Maps `size` bytes that read as 0 and take no memory; for deixis_unmap_file too.
int deixis_map_zeros(size_t size, deixis_mapping *mapping);
/// Unmaps and clears. Harmless on a cleared mapping.
void deixis_unmap_file(deixis_mapping *mapping);
/// Lets the system drop the whole pages inside a part of a mapped file; they are read again when touched. Only for
/// deixis_map_file's memory: other memory would lose its contents.
void deixis_forget_pages(const void *bytes, size_t size);

/// Reads a whole file (pipes too) into memory to be given back with deixis_deallocate. `*bytes` may be null when
/// `*size` is 0. Devices that may never end give EINVAL.
int deixis_read_file(const char *path, uint8_t **bytes, size_t *size);

/// The one way a file is written that may replace another: a temporary file in the same folder is fsynced and renamed
/// over `path`, and the folder is fsynced. Readers see the old or the new file, never a part; on failure the old file
/// is as it was and the temporary one is gone.
///
/// The new file keeps the permissions of the old one and, where the system allows, its owner and group; where the group
/// cannot be kept, the new group may do no more than everybody. A file that replaces none gets what open(2) gives with
/// 0666. A symbolic link stays, and the file it leads to is replaced. Other names of the old file (hard links) keep the
/// old bytes. EISDIR for a folder, EINVAL for anything else that is no regular file: devices and pipes are not replaced.
int deixis_write_file(const char *path, const void *bytes, size_t size);

/// The same in pieces. After deixis_file_begin returned 0, exactly one of deixis_file_commit and deixis_file_abort must
/// follow; commit aborts by itself when it fails. A failed write is remembered: commit then returns that error.
typedef struct deixis_file deixis_file;
int deixis_file_begin(const char *path, deixis_file **file);
int deixis_file_append(deixis_file *file, const void *bytes, size_t size);
int deixis_file_commit(deixis_file *file);
/// Commits without waiting for the disk: for one of many files that are nothing without a last one, which is committed.
int deixis_file_commit_unsynced(deixis_file *file);
void deixis_file_abort(deixis_file *file);

/// Puts the whole and durable file `made` where `path` leads, as deixis_file_commit does with its own; both lie in one
/// file system.
int deixis_move_file(const char *made, const char *path);

/// Writes all bytes to an open file, however many calls that takes.
int deixis_write_all(int descriptor, const void *bytes, size_t size);

/// A checksum of `bytes` going on from `seed`: any one changed byte changes it (formats/compiled.md). Written here, for
/// the lean set has no library; it guards against damage, not against forgery.
uint64_t deixis_checksum(uint64_t seed, const void *bytes, size_t size);

// MARK: - Time, cores and caches (clock.c, cores.c, caches.c)

/// Nanoseconds of a clock that never goes back; only differences mean something.
uint64_t deixis_clock_ns(void);

/// Cores this process may use: the affinity mask, cut by the CPU quota of its control group (v1 or v2, the tightest on
/// the path to the root, rounded up). At least 1.
int deixis_usable_cores(void);
/// The quota part alone, reading /proc and /sys/fs/cgroup under `root` ("" for the real ones; tests pass a folder). 0
/// means no quota.
int deixis_quota_cores(const char *root);
/// Calls `visit` with the folder of each control group, v1 or v2, that holds this process under `controller` ("cpu"),
/// from the innermost out. Not all of them need exist.
void deixis_visit_groups(
    const char *root, const char *controller, void (*visit)(const char *folder, void *context), void *context);

/// Bytes of the data caches that one core has to itself, of L2 its part where cores share it; where the system does not
/// tell, 32 KiB and 512 KiB.
void deixis_core_caches(size_t *l1, size_t *l2);
/// The part that reads /sys/devices/system/cpu under `root` ("" for the real one; tests pass a folder), for the first
/// CPU. 0: not told.
void deixis_listed_caches(const char *root, size_t *l1, size_t *l2);

// MARK: - Memory (memory.c)

/// `size` bytes aligned to `alignment` (a power of two, at least 64 is used). From 2 MiB on the block is aligned to 2
/// MiB and advised to use huge pages. Contents are undefined. Null when memory is short.
void *deixis_allocate(size_t size, size_t alignment);
/// The same in pages as they come, without that advice.
void *deixis_allocate_pages(size_t size, size_t alignment);
void deixis_deallocate(void *block);

/// Whether this thread was given memory of the reserve since `deixis_forget_shortage`: the system has none left. Never
/// true but in libdeixis (reserve.c).
bool deixis_memory_is_short(void);
void deixis_forget_shortage(void);

/// Bytes of memory that this machine has; UINT64_MAX where it does not tell.
uint64_t deixis_physical_memory(void);
/// Bytes that this process can still take without swapping: what the system has left or could free, cut by the memory
/// limit of its control group (v1 or v2, the tightest on the path to the root), read under `root` ("" for the real
/// ones; tests pass a folder). UINT64_MAX where nothing tells.
uint64_t deixis_available_memory(const char *root);

/// Bytes of this process, from /proc/self/smaps_rollup and status. A field the system does not tell is 0.
typedef struct deixis_memory {
    uint64_t resident;
    uint64_t proportional;      // PSS: shared pages divided by their sharers
    uint64_t anonymous;         // no file behind it: heap, stacks, arenas
    uint64_t huge;              // part of anonymous in huge pages
    uint64_t peak_resident;     // VmHWM
} deixis_memory;
int deixis_read_memory(deixis_memory *memory);

// MARK: - What threads share (lock.c)

/// One lock of the process, for short sections. It is held across fork(): a child finds whole what it guards, and can
/// take it.
void deixis_lock(void);
void deixis_unlock(void);
/// Gives the lock back until somebody notifies (or for no reason), then takes it again. Notify with the lock held.
void deixis_lock_wait(void);
void deixis_lock_notify(void);
/// Another number in the child of a fork. Ask with the lock held. What a thread of an older generation was doing,
/// nobody does any more.
uint64_t deixis_process_generation(void);

// MARK: - Floating point (float_mode.c)

/// How this thread rounds, and whether it takes subnormal numbers as zero: MXCSR of x86 without the record of what
/// happened, FPCR of arm64.
uint64_t deixis_float_mode(void);
void deixis_set_float_mode(uint64_t mode);
/// `mode` with subnormal operands and results taken as zero, where the CPU can.
uint64_t deixis_flushing_float_mode(uint64_t mode);
/// What results are defined in: rounding to nearest, no exception that traps; subnormal numbers as in `mode`.
uint64_t deixis_nearest_float_mode(uint64_t mode);

// MARK: - Threads (pool.c)

/// One task of a parallel run. `worker` is 0 for the caller of deixis_pool_run, below the pool's thread count for all.
/// It computes in the caller's floating-point mode, whichever thread it is on. It must not fork and return in the
/// child.
typedef void (*deixis_task)(void *context, size_t task, size_t worker);

/// Fork-join threads that spin for some microseconds before they sleep.
typedef struct deixis_pool deixis_pool;

enum { deixis_pool_most_threads = 1024 };

/// A pool of `threads` threads, the caller counted: `threads - 1` are started, 0 is taken as 1. EINVAL: more than the
/// most; EAGAIN: the system refuses so many. `*pool` is then null.
int deixis_pool_create(size_t threads, deixis_pool **pool);
/// Waits for the threads to end. Must not run at the same time as deixis_pool_run on this pool. Null is allowed.
void deixis_pool_destroy(deixis_pool *pool);
size_t deixis_pool_threads(const deixis_pool *pool);
/// Calls `task(context, i, worker)` once for every i in [0, count), then returns; what the tasks wrote is visible.
/// Tasks are handed out one by one in order, so the first ones should be the long ones.
///
/// Any number of threads may call at once. The threads serve one caller at a time; a caller that finds them busy does
/// its tasks itself, as worker 0, rather than wait. A call from inside a task of this pool does so too, with the worker
/// number of that task. So what belongs to a worker number belongs to one call's context, never to the pool.
///
/// After a fork the child may use and destroy the pool: its first run there starts threads of its own.
void deixis_pool_run(deixis_pool *pool, size_t count, deixis_task task, void *context);

#ifdef __cplusplus
}
#endif
