// Fork-join threads. Why every task of a run is called once, and none after the run returned:
//
// 1. What is left of a run is one word, `tasks` = count << 32 | next. A thread takes a task by adding 1 to the word.
//    The word it added to says, whole, whether there was a task (next < count) and which. There is nothing else to
//    read, so nothing can be seen apart from it: whatever a thread read before, or however long it slept between, what
//    it takes belongs to the run whose word it added to, and no two additions to one run's word return the same `next`.
//    An addition that finds no task takes nothing.
// 2. The caller counts the tasks it did itself; each other thread adds those it did to `finished` after the last of
//    them. The run returns when the two make `count`: every task was taken, and every thread that took one has finished
//    and will not touch the job again.
// 3. The job (task, context, mode) is plain memory. A thread reads it only while it holds a task that is not yet in
//    `finished`, and the caller writes it only while no such thread is left: before its word is stored, after the last
//    run returned.
// 4. Storing the word releases what the caller wrote; each addition acquires it, for additions continue the store's
//    release sequence. Adding to `finished` releases what the tasks wrote; the caller's look at it acquires it.
//
// The caller waits for tasks that were taken, not for threads: one that sleeps, or that the system took away before it
// took a task, does not hold it up. Low halves do not overflow into counts: a thread looks before it adds, so at most
// one addition a thread finds no task.
#define _GNU_SOURCE
#include "CDeixisSystem.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>

// Where a test may hold a thread up: between its look at the word and its addition, and between writing a job and its
// word.
#ifndef DEIXIS_POOL_PAUSE
#define DEIXIS_POOL_PAUSE()
#endif

enum { spin_ns = 60000 };

struct worker {
    deixis_pool *pool;
    size_t index;
    pthread_t thread;
};

struct deixis_pool {
    _Alignas(64) _Atomic uint64_t tasks;
    _Alignas(64) _Atomic size_t finished;
    _Alignas(64) deixis_task task;
    void *context;
    uint64_t mode;              // the caller's floating-point mode
    atomic_uint turn;           // 0, or the process (see below) that has a caller inside
    atomic_uint sleepers;
    atomic_bool stop;
    unsigned process;           // where the threads were started
    size_t threads, started;    // promised, the caller included; running
    pthread_mutex_t sleep;
    pthread_cond_t wake;
    struct worker workers[];
};

/// The tasks this thread is inside of, innermost first, for runs inside runs.
struct frame {
    const deixis_pool *pool;
    size_t worker;
    const struct frame *outer;
};
static _Thread_local const struct frame *innermost;

// MARK: - Forks. A child has the pools' memory and none of their threads. Processes are numbered along a line of forks.

static atomic_uint process_number = 1;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static int unwatched;

static void count_fork(void) { atomic_fetch_add(&process_number, 1); }
static void watch_forks(void) { unwatched = pthread_atfork(NULL, NULL, count_fork); }

// MARK: - Threads

static inline void relax(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static inline bool has_task(uint64_t tasks) { return (uint32_t)tasks < tasks >> 32; }

/// Takes tasks until none is left. Returns how many it did.
static size_t work(deixis_pool *pool, size_t worker) {
    const struct frame frame = {pool, worker, innermost};
    size_t done = 0;
    while (has_task(atomic_load_explicit(&pool->tasks, memory_order_relaxed))) {
        DEIXIS_POOL_PAUSE();
        uint64_t taken = atomic_fetch_add_explicit(&pool->tasks, 1, memory_order_acquire);
        if (!has_task(taken)) break;
        if (done++ == 0) {
            innermost = &frame;
            deixis_set_float_mode(pool->mode);
        }
        pool->task(pool->context, (uint32_t)taken, worker);
    }
    innermost = frame.outer;
    return done;
}

/// Waits until there is a task or the pool ends: spins, then sleeps.
static void await(deixis_pool *pool) {
    uint64_t start = deixis_clock_ns();
    do {
        for (int i = 0; i < 64; i++) {
            if (has_task(atomic_load_explicit(&pool->tasks, memory_order_relaxed))) return;
            relax();
        }
    } while (deixis_clock_ns() - start < spin_ns);
    pthread_mutex_lock(&pool->sleep);
    // Sequentially consistent against wake_sleepers(): either this thread sees the new word or the caller sees the
    // sleeper.
    atomic_fetch_add(&pool->sleepers, 1);
    while (!has_task(atomic_load(&pool->tasks)) && !atomic_load(&pool->stop)) {
        pthread_cond_wait(&pool->wake, &pool->sleep);
    }
    atomic_fetch_sub(&pool->sleepers, 1);
    pthread_mutex_unlock(&pool->sleep);
}

static void wake_sleepers(deixis_pool *pool) {
    if (atomic_load(&pool->sleepers) == 0) return;
    pthread_mutex_lock(&pool->sleep);
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->sleep);
}

static void *worker_main(void *argument) {
    const struct worker *worker = argument;
    deixis_pool *pool = worker->pool;
    while (!atomic_load_explicit(&pool->stop, memory_order_relaxed)) {
        await(pool);
        size_t done = work(pool, worker->index);
        if (done > 0) atomic_fetch_add_explicit(&pool->finished, done, memory_order_release);
    }
    return NULL;
}

/// Starts the threads of a pool that has none in this process. The pool is the caller's alone.
static int start(deixis_pool *pool) {
    atomic_store(&pool->tasks, 0);
    atomic_store(&pool->sleepers, 0);
    pool->sleep = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    pool->wake = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
    pool->process = atomic_load(&process_number);
    // Signals belong to the host's threads.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = 0;
    for (pool->started = 1; pool->started < pool->threads; pool->started++) {
        struct worker *worker = &pool->workers[pool->started];
        *worker = (struct worker){.pool = pool, .index = pool->started};
        error = pthread_create(&worker->thread, NULL, worker_main, worker);
        if (error) break;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error;
}

// MARK: - Runs

static void run_in_place(const deixis_pool *pool, size_t count, deixis_task task, void *context, size_t worker) {
    const struct frame frame = {pool, worker, innermost};
    innermost = &frame;
    for (size_t i = 0; i < count; i++) task(context, i, worker);
    innermost = frame.outer;
}

/// False when another caller is inside. One of a parent process, whose turn the fork copied, is not.
static bool take_turn(deixis_pool *pool, unsigned process) {
    unsigned holder = atomic_load_explicit(&pool->turn, memory_order_relaxed);
    if (holder == process) return false;
    return atomic_compare_exchange_strong_explicit(
        &pool->turn, &holder, process, memory_order_acquire, memory_order_relaxed);
}

void deixis_pool_run(deixis_pool *pool, size_t count, deixis_task task, void *context) {
    size_t worker = 0;
    const struct frame *inside = innermost;
    while (inside && inside->pool != pool) inside = inside->outer;
    if (inside) worker = inside->worker;
    unsigned process = atomic_load_explicit(&process_number, memory_order_relaxed);
    // A task's number is 32 bits of the word; a run with more tasks has no use for threads.
    if (inside || count <= 1 || count > INT32_MAX || pool->threads == 1 || !take_turn(pool, process)) {
        run_in_place(pool, count, task, context, worker);
        return;
    }
    // Where the system refuses threads to a child, those that it gives and the caller do the tasks.
    if (pool->process != process) (void)start(pool);
    pool->task = task;
    pool->context = context;
    pool->mode = deixis_float_mode();
    atomic_store_explicit(&pool->finished, 0, memory_order_relaxed);
    DEIXIS_POOL_PAUSE();
    atomic_store(&pool->tasks, (uint64_t)count << 32);
    wake_sleepers(pool);
    size_t others = count - work(pool, 0);
    // Yield now and then: with more threads than cores one that holds a task may need this core.
    for (unsigned spins = 1; atomic_load_explicit(&pool->finished, memory_order_acquire) < others; spins++) {
        if (spins % 256) relax();
        else sched_yield();
    }
    atomic_store_explicit(&pool->turn, 0, memory_order_release);
}

size_t deixis_pool_threads(const deixis_pool *pool) { return pool->threads; }

int deixis_pool_create(size_t threads, deixis_pool **result) {
    *result = NULL;
    if (threads < 1) threads = 1;
    if (threads > deixis_pool_most_threads) return EINVAL;
    pthread_once(&once, watch_forks);
    if (unwatched) return unwatched;
    deixis_pool *pool = deixis_allocate(sizeof *pool + threads * sizeof(struct worker), 64);
    if (!pool) return ENOMEM;
    atomic_init(&pool->turn, 0);
    atomic_init(&pool->stop, false);
    pool->threads = threads;
    int error = start(pool);
    if (error) deixis_pool_destroy(pool);
    else *result = pool;
    return error;
}

void deixis_pool_destroy(deixis_pool *pool) {
    if (!pool) return;
    // In a child the threads are the parent's: there is none to end, and the lock may be held by one of them for ever.
    if (pool->process == atomic_load(&process_number)) {
        atomic_store(&pool->stop, true);
        wake_sleepers(pool);
        for (size_t i = 1; i < pool->started; i++) pthread_join(pool->workers[i].thread, NULL);
        pthread_cond_destroy(&pool->wake);
        pthread_mutex_destroy(&pool->sleep);
    }
    deixis_deallocate(pool);
}
