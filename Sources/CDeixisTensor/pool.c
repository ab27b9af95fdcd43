// A fork-join pool: the caller and the workers claim chunks from one counter, so a thread that the system takes away delays only
// the chunk it holds. Results must depend on the chunk alone, never on which thread ran it.
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <unistd.h>
#include "include/CDeixisTensor.h"

#define MAX_THREADS 64
#define SPINS 4000  // about 40 microseconds before a worker sleeps

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t wake = PTHREAD_COND_INITIALIZER;
static pthread_mutex_t caller_lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_long generation;     // odd while nothing can change: bumped once per job
static int wanted;                 // threads asked for, 0: not settled
static int started;                // workers running
static _Thread_local bool inside;  // this thread runs a chunk

static struct {
  void (*body)(void *, long);
  void *context;
  long chunks;
} job;
static atomic_long next_chunk, running;  // running: workers still in the job
static atomic_long participants;         // workers allowed into the job

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
    long chunk = atomic_fetch_add_explicit(&next_chunk, 1, memory_order_relaxed);
    if (chunk >= job.chunks) break;
    job.body(job.context, chunk);
  }
  inside = false;
}

static void *worker(void *argument) {
  long index = (long)argument, seen = 0;
  for (;;) {
    int spins = 0;
    while (atomic_load_explicit(&generation, memory_order_acquire) == seen) {
      if (++spins < SPINS) { pause_cpu(); continue; }
      pthread_mutex_lock(&lock);
      while (atomic_load(&generation) == seen) pthread_cond_wait(&wake, &lock);
      pthread_mutex_unlock(&lock);
    }
    seen = atomic_load_explicit(&generation, memory_order_acquire);
    if (index < atomic_load(&participants)) work();
    atomic_fetch_sub_explicit(&running, 1, memory_order_release);
  }
  return NULL;
}

int dxt_threads(void) {
  if (!wanted) {
    cpu_set_t set;
    wanted = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    if (wanted > MAX_THREADS) wanted = MAX_THREADS;
    if (wanted < 1) wanted = 1;
  }
  return wanted;
}

void dxt_set_threads(int count) {
  pthread_mutex_lock(&caller_lock);
  wanted = count < 1 ? 1 : count > MAX_THREADS ? MAX_THREADS : count;
  pthread_mutex_unlock(&caller_lock);
}

void dxt_parallel(long chunks, void (*body)(void *, long), void *context) {
  if (chunks <= 0) return;
  if (inside || chunks == 1 || dxt_threads() == 1) {
    for (long i = 0; i < chunks; i++) body(context, i);
    return;
  }
  pthread_mutex_lock(&caller_lock);
  while (started < dxt_threads() - 1) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, worker, (void *)(long)started) != 0) break;
    pthread_detach(thread);
    started++;
    // A worker starts with generation 0 seen; if jobs have run already it enters one idle round, for which it must be counted.
    if (atomic_load(&generation) != 0) atomic_fetch_add(&running, 1);
  }
  while (atomic_load_explicit(&running, memory_order_acquire) != 0) pause_cpu();
  job.body = body;
  job.context = context;
  job.chunks = chunks;
  atomic_store(&next_chunk, 0);
  atomic_store(&participants, dxt_threads() - 1);
  atomic_store(&running, started);
  pthread_mutex_lock(&lock);
  atomic_fetch_add_explicit(&generation, 1, memory_order_release);
  pthread_cond_broadcast(&wake);
  pthread_mutex_unlock(&lock);
  work();
  int spins = 0;
  while (atomic_load_explicit(&running, memory_order_acquire) != 0) {
    if (++spins < SPINS) pause_cpu();
    else sched_yield();
  }
  pthread_mutex_unlock(&caller_lock);
}
