#include "CDeixisSystemChecks.h"
#include "CDeixisSystem.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

int paused_pool_create(size_t threads, deixis_pool **pool);
void paused_pool_destroy(deixis_pool *pool);
void paused_pool_run(deixis_pool *pool, size_t count, deixis_task task, void *context);

enum { most_tasks = 70 };

/// One run's context; a caller uses two by turns, so that a task of the run before shows.
struct tally {
    _Atomic unsigned calls[most_tasks];
    _Atomic long misled;
    atomic_bool open;
};

struct caller {
    deixis_pool *pool;
    void (*run)(deixis_pool *, size_t, deixis_task, void *);
    long runs;
    size_t number;
    pool_faults faults;
};

static void count(void *context, size_t task, size_t worker) {
    struct tally *tally = context;
    (void)worker;
    if (!atomic_load_explicit(&tally->open, memory_order_relaxed)) atomic_fetch_add(&tally->misled, 1);
    atomic_fetch_add_explicit(&tally->calls[task], 1, memory_order_relaxed);
}

static void *call(void *argument) {
    struct caller *caller = argument;
    struct tally *tallies = calloc(2, sizeof *tallies);
    if (!tallies) abort();
    for (long run = 0; run < caller->runs; run++) {
        struct tally *tally = &tallies[run & 1];
        size_t tasks = run % 5 == 0 ? 64 : run & 1 ? (size_t)(3 + run % 7) : 2;
        atomic_store(&tally->open, true);
        caller->run(caller->pool, tasks, count, tally);
        atomic_store(&tally->open, false);
        for (size_t i = 0; i < most_tasks; i++) {
            unsigned calls = atomic_exchange_explicit(&tally->calls[i], 0, memory_order_relaxed);
            if (i < tasks && calls == 0) caller->faults.missed++;
            else if (calls > (i < tasks)) caller->faults.repeated++;
        }
    }
    for (int i = 0; i < 2; i++) caller->faults.misled += atomic_load(&tallies[i].misled);
    free(tallies);
    return NULL;
}

static void nothing(void *context, size_t task, size_t worker) { (void)context, (void)task, (void)worker; }

static int ascending(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double pool_overhead(size_t threads) {
    enum { rounds = 2001, runs = 20 };
    static double times[rounds];
    deixis_pool *pool;
    if (deixis_pool_create(threads, &pool)) return 0;
    for (int round = 0; round < rounds; round++) {
        const uint64_t start = deixis_clock_ns();
        for (int run = 0; run < runs; run++) deixis_pool_run(pool, threads, nothing, NULL);
        times[round] = (double)(deixis_clock_ns() - start) / runs;
    }
    deixis_pool_destroy(pool);
    qsort(times, rounds, sizeof *times, ascending);
    return times[rounds / 2];
}

pool_faults pool_stress(size_t threads, size_t callers, long runs, int pause) {
    const pool_faults none = {-1, -1, -1};
    deixis_pool *pool;
    if ((pause ? paused_pool_create : deixis_pool_create)(threads, &pool)) return none;
    struct caller all[16] = {{0}};
    pthread_t ids[16];
    size_t started = 0;
    pool_faults sum = {0, 0, 0};
    for (; started < callers && started < 16; started++) {
        all[started] = (struct caller){.pool = pool,
            .run = pause ? paused_pool_run : deixis_pool_run,
            .runs = runs / (long)callers,
            .number = started};
        if (pthread_create(&ids[started], NULL, call, &all[started])) break;
    }
    for (size_t i = 0; i < started; i++) {
        pthread_join(ids[i], NULL);
        sum.repeated += all[i].faults.repeated;
        sum.missed += all[i].faults.missed;
        sum.misled += all[i].faults.misled;
    }
    (pause ? paused_pool_destroy : deixis_pool_destroy)(pool);
    return started == callers ? sum : none;
}
