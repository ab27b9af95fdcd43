// pool_stress RUNS THREADS...: what an empty run costs, and the stress with 1 and with 3 callers, paused and not;
// tools/pool-stress builds it.
#include "CDeixisSystemChecks.h"

#include <stdio.h>
#include <stdlib.h>

int main(int count, char **arguments) {
    const long runs = count > 2 ? atol(arguments[1]) : 0;
    int wrong = runs < 1;
    if (wrong) fprintf(stderr, "pool_stress RUNS THREADS...\n");
    for (int i = 2; i < count; i++) {
        printf("%s threads: an empty run takes %.0f ns\n", arguments[i], pool_overhead((size_t)atol(arguments[i])));
        for (int mode = 0; mode < 4; mode++) {
            const size_t threads = (size_t)atol(arguments[i]), callers = mode & 1 ? 3 : 1;
            const int pause = mode >> 1;
            const pool_faults faults = pool_stress(threads, callers, pause ? runs / 100 : runs, pause);
            printf("%zu threads, %zu callers%s: %ld repeated, %ld missed, %ld of another run in %ld runs\n", threads,
                callers, pause ? ", paused" : "", faults.repeated, faults.missed, faults.misled,
                pause ? runs / 100 : runs);
            fflush(stdout);
            if (faults.repeated || faults.missed || faults.misled) wrong = 1;
        }
    }
    return wrong;
}
