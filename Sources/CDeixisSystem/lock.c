#include "CDeixisSystem.h"

#include <pthread.h>
#include <stdatomic.h>

// One lock for the whole process: what it guards is short (a look into a list, a number changed), so nobody waits for
// long. fork() happens with the lock held, so a child never finds a list half changed, and never a lock that a thread
// it does not have would have to give back.

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static pthread_once_t first_call = PTHREAD_ONCE_INIT;
/// Of the handlers of fork(). There may have been no memory for them: then each call tries again.
static atomic_bool is_registered;
static pthread_mutex_t trying_again = PTHREAD_MUTEX_INITIALIZER;
/// How many forks lie between the first process and this one. Guarded by `lock`.
static uint64_t generation = 1;

static void before_fork(void) { pthread_mutex_lock(&lock); }
static void in_parent(void) { pthread_mutex_unlock(&lock); }

static void in_child(void) {
    generation++;
    // The threads that waited are not here.
    pthread_cond_init(&changed, NULL);
    pthread_mutex_unlock(&lock);
}

static void register_handlers(void) { is_registered = pthread_atfork(before_fork, in_parent, in_child) == 0; }

static void try_again(void) {
    // Not waited for: in a child of a fork at this moment it would stay taken.
    if (is_registered || pthread_mutex_trylock(&trying_again)) return;
    if (!is_registered) register_handlers();
    pthread_mutex_unlock(&trying_again);
}

void deixis_lock(void) {
    pthread_once(&first_call, register_handlers);
    if (!is_registered) try_again();
    pthread_mutex_lock(&lock);
}

void deixis_unlock(void) { pthread_mutex_unlock(&lock); }
void deixis_lock_wait(void) { pthread_cond_wait(&changed, &lock); }
void deixis_lock_notify(void) { pthread_cond_broadcast(&changed); }
uint64_t deixis_process_generation(void) { return generation; }
