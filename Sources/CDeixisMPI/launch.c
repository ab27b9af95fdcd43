// What launchers leave in the environment.
#define _GNU_SOURCE
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "CDeixisMPI.h"

/// A whole number that is not negative; -1 for anything else.
static int number(const char *name) {
    const char *text = name ? getenv(name) : NULL;
    if (!text || !*text) return -1;
    char *end;
    const long value = strtol(text, &end, 10);
    return *end || value < 0 || value > 1 << 24 ? -1 : (int)value;
}

typedef struct family {
    const char *launcher, *rank, *size;
} family;

static const family families[] = {
    {"Open MPI", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"},
    {"MVAPICH", "MV2_COMM_WORLD_RANK", "MV2_COMM_WORLD_SIZE"},
    {"Hydra", "PMI_RANK", "PMI_SIZE"},
    {"Slurm", "SLURM_PROCID", "SLURM_NTASKS"},
    {"PMIx", "PMIX_RANK", NULL},
};

/// A step of srun, not the script that sbatch runs once however many tasks it asked for.
static bool is_slurm_step(void) {
    const char *step = getenv("SLURM_STEP_ID");
    // The batch script is step -5 (4294967291), an interactive shell -6.
    return step && *step && step[0] != '-' && strtoul(step, NULL, 10) < 4294967290UL;
}

deixis_launch deixis_launch_of_environment(void) {
    for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
        const family *f = &families[i];
        const int rank = number(f->rank);
        if (rank < 0 || (!strcmp(f->launcher, "Slurm") && !is_slurm_step())) continue;
        return (deixis_launch){f->launcher, rank, number(f->size)};
    }
    return (deixis_launch){NULL, -1, -1};
}

deixis_place deixis_place_of_process(void) {
    deixis_place place = {{0}, {0}};
    (void)gethostname((char *)place.host, sizeof place.host - 1);
    (void)sched_getaffinity(0, sizeof place.cores, (cpu_set_t *)(void *)place.cores);
    return place;
}
