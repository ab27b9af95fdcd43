#define _GNU_SOURCE
#include "CDeixisSystemChecks.h"
#include "CDeixisSystem.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

struct tally {
    _Atomic size_t calls, helped;
};

static void count(void *context, size_t task, size_t worker) {
    struct tally *tally = context;
    (void)task;
    atomic_fetch_add(&tally->calls, 1);
    if (worker == 0) return;
    atomic_fetch_add(&tally->helped, 1);
}

/// True when every task ran and some other thread came to help within a second; runs go on until one does.
static int runs_right(deixis_pool *pool) {
    const uint64_t start = deixis_clock_ns();
    struct tally tally = {0, 0};
    size_t expected = 0;
    do {
        deixis_pool_run(pool, 64, count, &tally);
        expected += 64;
        if (atomic_load(&tally.calls) != expected) return 1;
        if (atomic_load(&tally.helped) > 0) return 0;
    } while (deixis_clock_ns() - start < 5000000000u);
    return 2;
}

static void child(deixis_pool *used, deixis_pool *unused) {
    alarm(20);  // a hang ends it, with the status 14
    int wrong = runs_right(used);
    deixis_pool_destroy(used);
    deixis_pool_destroy(unused);
    deixis_pool *own;
    if (!wrong && deixis_pool_create(2, &own) == 0) {
        wrong = runs_right(own);
        deixis_pool_destroy(own);
    }
    _exit(wrong);
}

struct background {
    deixis_pool *pool;
    atomic_bool stop;
};

static void *keep_running(void *argument) {
    struct background *background = argument;
    struct tally tally = {0, 0};
    while (!atomic_load(&background->stop)) {
        deixis_pool_run(background->pool, 64, count, &tally);
        if (atomic_load(&tally.calls) % 640 == 0) usleep(200);
    }
    return NULL;
}

int pool_fork_check(size_t threads, int forks) {
    struct background background = {NULL, false};
    deixis_pool *unused = NULL;
    if (deixis_pool_create(threads, &background.pool) || deixis_pool_create(threads, &unused)) return -1;
    pthread_t busy;
    if (pthread_create(&busy, NULL, keep_running, &background)) return -1;
    int failed = 0;
    for (int i = 0; i < forks && !failed; i++) {
        pid_t id = fork();
        if (id == 0) child(background.pool, unused);
        int status = -1;
        if (id < 0 || waitpid(id, &status, 0) != id) failed = -1;
        else if (WIFSIGNALED(status)) failed = WTERMSIG(status);
        else failed = WEXITSTATUS(status);
    }
    atomic_store(&background.stop, true);
    pthread_join(busy, NULL);
    deixis_pool_destroy(background.pool);
    deixis_pool_destroy(unused);
    return failed;
}
