// A fork-join pool: the caller and the workers claim chunks from one counter, so a thread that the system takes away delays only
// the chunk it holds, and the caller never waits for a worker that has not begun. Results must depend on the chunk alone, never
// on which thread ran it.
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <unistd.h>
#include "include/CDeixisTensor.h"

#define MAX_THREADS 64
#define SPINS 4000  // tens of microseconds before a worker sleeps

// The gate: bits 0-7 workers inside the job, bit 8 open, bits 9... the job's number. A worker enters by adding 1 while the gate is
// open; the caller changes the job only while it is shut and empty.
#define INSIDE 0xFFl
#define OPEN 0x100l
#define NUMBER 0x200l
static atomic_long gate;

static struct {
  void (*body)(void *, long);
  void *context;
  long chunks, workers;
} job;
static atomic_long next_chunk;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t wake = PTHREAD_COND_INITIALIZER;
static atomic_int sleepers;
static pthread_mutex_t caller_lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_int wanted;          // threads asked for, 0: not settled
static int started;                // workers made
static _Thread_local bool inside;  // this thread runs a chunk

static inline void pause_cpu(void) {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#else
  sched_yield();
#endif
}

static void work(void) {
  inside = true;
  for (;;) {
    const long chunk = atomic_fetch_add_explicit(&next_chunk, 1, memory_order_relaxed);
    if (chunk >= job.chunks) break;
    job.body(job.context, chunk);
  }
  inside = false;
}

static void *worker(void *argument) {
  const long index = (long)argument;
  long seen = -1;
  for (;;) {
    long state;
    int spins = 0;
    for (;;) {
      state = atomic_load(&gate);
      if ((state & OPEN) && state / NUMBER != seen) break;
      if (++spins < SPINS) { pause_cpu(); continue; }
      pthread_mutex_lock(&lock);
      atomic_fetch_add(&sleepers, 1);
      while (state = atomic_load(&gate), !((state & OPEN) && state / NUMBER != seen)) pthread_cond_wait(&wake, &lock);
      atomic_fetch_sub(&sleepers, 1);
      pthread_mutex_unlock(&lock);
      break;
    }
    if (!atomic_compare_exchange_strong(&gate, &state, state + 1)) continue;
    seen = state / NUMBER;
    if (index < job.workers) work();
    atomic_fetch_sub(&gate, 1);
  }
  return NULL;
}

int dxt_threads(void) {
  int count = atomic_load_explicit(&wanted, memory_order_relaxed);
  if (count) return count;
  count = 1;
#if defined(__linux__)
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) count = CPU_COUNT(&set);
#else
  count = (int)sysconf(_SC_NPROCESSORS_ONLN);
#endif
  count = count < 1 ? 1 : count > MAX_THREADS ? MAX_THREADS : count;
  atomic_store(&wanted, count);
  return count;
}

void dxt_set_threads(int count) {
  atomic_store(&wanted, count < 1 ? 1 : count > MAX_THREADS ? MAX_THREADS : count);
}

void dxt_parallel(long chunks, void (*body)(void *, long), void *context) {
  if (chunks <= 0) return;
  const int threads = dxt_threads();
  if (inside || chunks == 1 || threads == 1) {
    for (long i = 0; i < chunks; i++) body(context, i);
    return;
  }
  pthread_mutex_lock(&caller_lock);
  while (started < threads - 1) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, worker, (void *)(long)started) != 0) break;
    pthread_detach(thread);
    started++;
  }
  job.body = body;
  job.context = context;
  job.chunks = chunks;
  job.workers = threads - 1;
  atomic_store(&next_chunk, 0);
  atomic_fetch_add(&gate, NUMBER + OPEN);
  if (atomic_load(&sleepers) > 0) {
    pthread_mutex_lock(&lock);
    pthread_cond_broadcast(&wake);
    pthread_mutex_unlock(&lock);
  }
  work();
  atomic_fetch_sub(&gate, OPEN);
  for (int spins = 0; atomic_load(&gate) & INSIDE; spins++) {
    if (spins < SPINS) pause_cpu();
    else sched_yield();
  }
  pthread_mutex_unlock(&caller_lock);
}
