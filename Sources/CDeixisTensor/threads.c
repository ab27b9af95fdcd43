// The trainer's threads: one pool of CDeixisSystem for each count that was asked for. One that is no longer used sleeps
// and costs nothing, so the count may change while other threads compute.
#include <errno.h>
#include <stdatomic.h>
#include "CDeixisSystem.h"
#include "include/CDeixisTensor.h"

static _Atomic(deixis_pool *) pools[deixis_pool_most_threads + 1];
static atomic_int wanted;  // 0: not settled

typedef struct {
  void (*body)(void *, long);
  void *context;
} call;

static void run_chunk(void *context, size_t chunk, size_t worker) {
  const call *c = context;
  (void)worker;
  c->body(c->context, (long)chunk);
}

int dxt_set_threads(int count) {
  if (count < 1 || count > deixis_pool_most_threads) return EINVAL;
  if (count > 1 && !atomic_load(&pools[count])) {
    deixis_pool *made, *none = NULL;
    const int error = deixis_pool_create((size_t)count, &made);
    if (error) return error;
    // Another thread may have been first.
    if (!atomic_compare_exchange_strong(&pools[count], &none, made)) deixis_pool_destroy(made);
  }
  atomic_store(&wanted, count);
  return 0;
}

int dxt_threads(void) {
  const int count = atomic_load_explicit(&wanted, memory_order_acquire);
  if (count) return count;
  const int cores = deixis_usable_cores();
  if (dxt_set_threads(cores < deixis_pool_most_threads ? cores : deixis_pool_most_threads)) atomic_store(&wanted, 1);
  return atomic_load(&wanted);
}

void dxt_parallel(long chunks, void (*body)(void *, long), void *context) {
  const int threads = chunks > 1 ? dxt_threads() : 1;
  if (threads == 1) {
    for (long i = 0; i < chunks; i++) body(context, i);
    return;
  }
  call c = {body, context};
  deixis_pool_run(atomic_load(&pools[threads]), (size_t)chunks, run_chunk, &c);
}
