// Counts what a process asks of the heap: this target's malloc, calloc, realloc, posix_memalign and aligned_alloc stand
// before the C library's in whatever program links it.
#pragma once

#include <stdbool.h>

/// Starts counting at 0, in all threads.
void allocations_begin(void);
/// How many there were since; counting ends.
long allocations_end(void);

/// The request `number`, counted from 1, of those made by posix_memalign for whole cache lines and by mmap from now on,
/// in all threads, is refused as if memory were short: these are what `deixis_allocate`, `deixis_allocate_pages`,
/// `deixis_map_file` and `deixis_map_zeros` ask for. Swift's own objects are aligned to less, and their absence ends a
/// process whatever it does.
void allocations_refuse(long number);
/// Whether it came to that; no request is refused any more.
bool allocations_were_refused(void);
/// How many blocks and mappings are there.
long allocations_live(void);

/// False in programs of the address and thread sanitizers, whose allocators are their own.
bool allocations_are_counted(void);
/// True in programs of the thread sanitizer, which neither lives through limits on files nor through fork.
bool threads_are_sanitized(void);

/// Whose references were counted (swift_retain, swift_release) between begin and end: by how many threads, of how many
/// objects, each counted once a thread; and how many of those by more than one thread, which then contend for the
/// counts.
typedef struct references {
    long threads, counted, shared;
} references;
/// No other thread may count at that moment.
void references_begin(void);
references references_end(void);
