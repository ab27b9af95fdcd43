#define _GNU_SOURCE
#include "CDeixisSystem.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>

// The state of a run is one word, `ticket` = generation << 32 | next task. A thread takes task i of generation g by moving the word from
// (g, i) to (g, i + 1). That succeeds only while run g is unfinished, so the job it read just before is the job of g; and the caller
// waits for finished tasks, not for threads, so a thread that sleeps or was descheduled never holds it up.

enum { spin_ns = 60000 };

struct worker {
    deixis_pool *pool;
    size_t index;
    pthread_t thread;
};

struct deixis_pool {
    _Alignas(64) _Atomic uint64_t ticket;
    _Alignas(64) _Atomic size_t finished;
    _Alignas(64) _Atomic size_t count;
    _Atomic(deixis_task) task;
    _Atomic(void *) context;
    _Atomic unsigned sleepers;
    atomic_bool stop;
    size_t threads;
    pthread_mutex_t turn;       // held by the running caller
    pthread_mutex_t sleep;
    pthread_cond_t wake;
    struct worker workers[];
};

/// The pool and worker whose task this thread is in, for runs inside runs.
static _Thread_local const deixis_pool *current_pool;
static _Thread_local size_t current_worker;

static inline void relax(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/// Takes tasks of generation `generation` until none is left.
static void work(deixis_pool *pool, uint64_t generation, size_t worker) {
    const deixis_pool *outer_pool = current_pool;
    size_t outer_worker = current_worker;
    current_pool = pool;
    current_worker = worker;
    uint64_t ticket = atomic_load_explicit(&pool->ticket, memory_order_acquire);
    while (ticket >> 32 == generation) {
        size_t index = (uint32_t)ticket;
        if (index >= atomic_load_explicit(&pool->count, memory_order_relaxed)) break;
        deixis_task task = atomic_load_explicit(&pool->task, memory_order_relaxed);
        void *context = atomic_load_explicit(&pool->context, memory_order_relaxed);
        if (!atomic_compare_exchange_weak_explicit(
                &pool->ticket, &ticket, ticket + 1, memory_order_acq_rel, memory_order_acquire)) continue;
        task(context, index, worker);
        atomic_fetch_add_explicit(&pool->finished, 1, memory_order_release);
        ticket = atomic_load_explicit(&pool->ticket, memory_order_acquire);
    }
    current_pool = outer_pool;
    current_worker = outer_worker;
}

/// Waits for a generation other than `seen`: spins, then sleeps.
static uint64_t next_generation(deixis_pool *pool, uint64_t seen) {
    uint64_t start = deixis_clock_ns();
    do {
        for (int i = 0; i < 64; i++) {
            uint64_t generation = atomic_load_explicit(&pool->ticket, memory_order_acquire) >> 32;
            if (generation != seen) return generation;
            relax();
        }
    } while (deixis_clock_ns() - start < spin_ns);
    pthread_mutex_lock(&pool->sleep);
    // Sequentially consistent against publish(): either this thread sees the new ticket or the caller sees the sleeper.
    atomic_fetch_add(&pool->sleepers, 1);
    uint64_t generation;
    while ((generation = atomic_load(&pool->ticket) >> 32) == seen) pthread_cond_wait(&pool->wake, &pool->sleep);
    atomic_fetch_sub(&pool->sleepers, 1);
    pthread_mutex_unlock(&pool->sleep);
    return generation;
}

static void *worker_main(void *argument) {
    struct worker *worker = argument;
    deixis_pool *pool = worker->pool;
    uint64_t generation = 0;
    for (;;) {
        generation = next_generation(pool, generation);
        if (atomic_load(&pool->stop)) return NULL;
        work(pool, generation, worker->index);
    }
}

/// Starts a new generation at task 0 and wakes sleepers. Returns the generation.
static uint64_t publish(deixis_pool *pool) {
    uint64_t generation = (atomic_load_explicit(&pool->ticket, memory_order_relaxed) >> 32) + 1;
    generation &= UINT32_MAX;
    atomic_store(&pool->ticket, generation << 32);
    if (atomic_load(&pool->sleepers) > 0) {
        pthread_mutex_lock(&pool->sleep);
        pthread_cond_broadcast(&pool->wake);
        pthread_mutex_unlock(&pool->sleep);
    }
    return generation;
}

static void run_in_place(size_t count, deixis_task task, void *context, size_t worker) {
    for (size_t i = 0; i < count; i++) task(context, i, worker);
}

static void run_shared(deixis_pool *pool, size_t count, deixis_task task, void *context) {
    atomic_store_explicit(&pool->task, task, memory_order_relaxed);
    atomic_store_explicit(&pool->context, context, memory_order_relaxed);
    atomic_store_explicit(&pool->count, count, memory_order_relaxed);
    atomic_store_explicit(&pool->finished, 0, memory_order_relaxed);
    work(pool, publish(pool), 0);
    // The others finish tasks they hold. Yield now and then: with more threads than cores one of them may need this core.
    for (unsigned spins = 1; atomic_load_explicit(&pool->finished, memory_order_acquire) < count; spins++) {
        if (spins % 4096) relax();
        else sched_yield();
    }
}

void deixis_pool_run(deixis_pool *pool, size_t count, deixis_task task, void *context) {
    if (current_pool == pool) {
        run_in_place(count, task, context, current_worker);
        return;
    }
    pthread_mutex_lock(&pool->turn);
    // The task number is 32 bits of the ticket; a run with more tasks has no use for threads.
    if (count <= 1 || pool->threads == 1 || count > UINT32_MAX / 2) {
        const deixis_pool *outer_pool = current_pool;
        size_t outer_worker = current_worker;
        current_pool = pool;
        current_worker = 0;
        run_in_place(count, task, context, 0);
        current_pool = outer_pool;
        current_worker = outer_worker;
    } else {
        run_shared(pool, count, task, context);
    }
    pthread_mutex_unlock(&pool->turn);
}

size_t deixis_pool_threads(const deixis_pool *pool) { return pool->threads; }

deixis_pool *deixis_pool_create(size_t threads) {
    if (threads < 1) threads = 1;
    if (threads > 1024) return NULL;
    deixis_pool *pool = NULL;
    if (posix_memalign((void **)&pool, 64, sizeof *pool + threads * sizeof(struct worker)) != 0) return NULL;
    atomic_init(&pool->ticket, 0);
    atomic_init(&pool->finished, 0);
    atomic_init(&pool->count, 0);
    atomic_init(&pool->task, (deixis_task)NULL);
    atomic_init(&pool->context, NULL);
    atomic_init(&pool->sleepers, 0);
    atomic_init(&pool->stop, false);
    pthread_mutex_init(&pool->turn, NULL);
    pthread_mutex_init(&pool->sleep, NULL);
    pthread_cond_init(&pool->wake, NULL);
    // Signals belong to the host's threads.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pool->threads = 1;
    bool started = true;
    while (started && pool->threads < threads) {
        struct worker *worker = &pool->workers[pool->threads];
        *worker = (struct worker){.pool = pool, .index = pool->threads};
        started = pthread_create(&worker->thread, NULL, worker_main, worker) == 0;
        if (started) pool->threads++;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!started) {
        deixis_pool_destroy(pool);
        return NULL;
    }
    return pool;
}

void deixis_pool_destroy(deixis_pool *pool) {
    if (!pool) return;
    atomic_store(&pool->stop, true);
    atomic_store(&pool->count, 0);
    (void)publish(pool);
    for (size_t i = 1; i < pool->threads; i++) pthread_join(pool->workers[i].thread, NULL);
    pthread_cond_destroy(&pool->wake);
    pthread_mutex_destroy(&pool->sleep);
    pthread_mutex_destroy(&pool->turn);
    free(pool);
}
