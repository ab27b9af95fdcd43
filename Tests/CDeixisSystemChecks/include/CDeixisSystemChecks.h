// Checks of CDeixisSystem that need a process or a compiled copy of their own; see tools/pool-stress for the same
// without Swift.
#pragma once

#include <stddef.h>

/// What was wrong in `runs` runs of 2 to 64 tasks.
typedef struct pool_faults {
    long repeated;      // tasks called more than once, or in a run that has no such task
    long missed;        // tasks not called when the run returned
    long misled;        // tasks called with another run's context
} pool_faults;

/// Short runs on a pool of `threads`, from `callers` threads at once. With `pause` a thread dawdles now and then
/// between its look at what is left of a run and taking a task of it. -1 in every field: there are no such threads.
pool_faults pool_stress(size_t threads, size_t callers, long runs, int pause);

/// Nanoseconds of a run of as many empty tasks as threads, while the threads spin: the median of many. 0: there are no
/// such threads.
double pool_overhead(size_t threads);

/// Forks while other threads run on a pool and hold its locks; the child runs on it, destroys it, makes one of its own
/// and exits. Returns 0, or what the first child that failed exited with: 1 wrong counts, 2 no thread but the caller
/// took part, 14 it hung.
int pool_fork_check(size_t threads, int forks);
