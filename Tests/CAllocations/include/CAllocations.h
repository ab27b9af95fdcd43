// Counts what a process asks of the heap: this target's malloc, calloc, realloc, posix_memalign and aligned_alloc stand before the C library's
// in whatever program links it.
#pragma once

#include <stdbool.h>

/// Starts counting at 0, in all threads.
void allocations_begin(void);
/// How many there were since; counting ends.
long allocations_end(void);

/// False in programs of the address and thread sanitizers, whose allocators are their own.
bool allocations_are_counted(void);
