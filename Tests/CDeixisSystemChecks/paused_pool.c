// The pool once more under other names, where threads dawdle now and then: one that has looked at what is left of a run
// and not yet taken a task of it, and a caller that has written its job and not yet said so.
#define _GNU_SOURCE
#include <sched.h>

static void dawdle(void) {
    static _Thread_local unsigned looks;
    if (++looks % 7) return;
    for (int i = 0; i < 20; i++) sched_yield();
}
#define DEIXIS_POOL_PAUSE() dawdle()
#define deixis_pool_create paused_pool_create
#define deixis_pool_destroy paused_pool_destroy
#define deixis_pool_run paused_pool_run
#define deixis_pool_threads paused_pool_threads
#include "../../Sources/CDeixisSystem/pool.c"
