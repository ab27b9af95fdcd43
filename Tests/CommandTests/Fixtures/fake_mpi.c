// A library of MPI whose other ranks do just what rank 0 does: FAKE_MPI_RANKS of them, 2 if not given. Sums take some looks to end. It
// ends the process if two threads are inside it at once, and tells at MPI_Finalize how often it was called.
// Compiled by RanksCommandTests, with ThreadSanitizer's help where asked for.
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int ompi_mpi_comm_world, ompi_mpi_float, ompi_mpi_double, ompi_mpi_byte, ompi_mpi_op_sum;

static atomic_int inside;
static long looks, sums, under_way;

static void enter(void) {
    if (atomic_fetch_add(&inside, 1) != 0) {
        fprintf(stderr, "fake MPI: two threads at once\n");
        _exit(99);
    }
    // Time for another to come.
    for (volatile int i = 0; i < 200; i++) {}
}
static int leave(void) { return atomic_fetch_sub(&inside, 1), 0; }

static int count(void) {
    const char *text = getenv("FAKE_MPI_RANKS");
    return text ? atoi(text) : 2;
}

typedef struct request {
    float *values;
    int count, looks;
} request;

int MPI_Init_thread(int *a, char ***b, int wanted, int *provided) { return (void)a, (void)b, *provided = wanted, 0; }
int MPI_Finalize(void) {
    enter();
    fprintf(stderr, "fake MPI: %ld sums, %ld looks, %ld under way\n", sums, looks, under_way);
    return leave();
}
int MPI_Abort(void *world, int code) { return (void)world, _exit(code), 0; }
int MPI_Comm_rank(void *world, int *rank) { return (void)world, *rank = 0, 0; }
int MPI_Comm_size(void *world, int *size) { return (void)world, *size = count(), 0; }
int MPI_Get_library_version(char *text, int *length) { return *length = sprintf(text, "fake MPI\nof tests"), 0; }

int MPI_Iallreduce(const void *in, void *values, int n, void *type, void *op, void *world, void **handle) {
    (void)in, (void)type, (void)op, (void)world;
    enter();
    request *made = malloc(sizeof *made);
    *made = (request){values, n, 0};
    *handle = made;
    sums++;
    under_way++;
    return leave();
}
int MPI_Test(void **handle, int *done, void *status) {
    (void)status;
    enter();
    request *r = *handle;
    looks++;
    *done = ++r->looks > 3;
    if (*done) {
        for (int i = 0; i < r->count; i++) r->values[i] *= (float)count();
        free(r);
        *handle = NULL;
        under_way--;
    }
    return leave();
}
int MPI_Wait(void **handle, void *status) {
    int done = 0;
    while (!done) MPI_Test(handle, &done, status);
    return 0;
}
int MPI_Allreduce(const void *in, double *values, int n, void *type, void *op, void *world) {
    (void)in, (void)type, (void)op, (void)world;
    enter();
    for (int i = 0; i < n; i++) values[i] *= count();
    return leave();
}
int MPI_Bcast(void *bytes, int n, void *type, int root, void *world) {
    return (void)bytes, (void)n, (void)type, (void)root, (void)world, 0;
}
int MPI_Allgather(const void *own, int n, void *type, void *all, int m, void *type_too, void *world) {
    (void)type, (void)m, (void)type_too, (void)world;
    enter();
    for (int i = 0; i < count(); i++) memcpy((char *)all + (size_t)i * (size_t)n, own, (size_t)n);
    return leave();
}
int MPI_Barrier(void *world) { return (void)world, 0; }
