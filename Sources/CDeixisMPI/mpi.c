#define _GNU_SOURCE
#include <dlfcn.h>
#include <limits.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "CDeixisMPI.h"

// Handles are pointers to the library's objects (Open MPI), ints (MPICH) or small numbers as wide as pointers (the standard ABI). All
// travel as `handle` here: an int argument is the lower half of the register that a pointer would fill, on every ABI of 64-bit Linux.
typedef uintptr_t handle;

typedef struct constants {
    handle world, float32, float64, byte, sum;
    /// MPI_IN_PLACE and MPI_STATUS_IGNORE.
    uintptr_t in_place, no_status;
} constants;

static const constants mpich = {
    .world = 0x44000000,
    .float32 = 0x4c00040a,
    .float64 = 0x4c00080b,
    .byte = 0x4c00010d,
    .sum = 0x58000003,
    .in_place = UINTPTR_MAX,
    .no_status = 1,
};
static const constants standard = {
    .world = 0x101, .float32 = 0x210, .float64 = 0x214, .byte = 0x247, .sum = 0x21, .in_place = 1, .no_status = 0};

/// MPI_THREAD_SERIALIZED, the same number in every library of today and in the standard.
enum { serialized = 2 };

static struct {
    int (*Init_thread)(int *, char ***, int, int *);
    int (*Finalize)(void);
    int (*Abort)(handle, int);
    int (*Comm_rank)(handle, int *);
    int (*Comm_size)(handle, int *);
    int (*Get_library_version)(char *, int *);
    int (*Iallreduce)(const void *, void *, int, handle, handle, handle, void *);
    int (*Allreduce)(const void *, void *, int, handle, handle, handle);
    int (*Test)(void *, int *, void *);
    int (*Allgather)(const void *, int, handle, void *, int, handle, handle);
    constants is;
    int rank, size;
    char library[8192];
} mpi;

/// The name of the first function that is missing; null: all are there.
static const char *find_functions(void *library) {
#define FIND(name) \
    if (!(*(void **)&mpi.name = dlsym(library, "MPI_" #name))) return "MPI_" #name
    FIND(Init_thread);
    FIND(Finalize);
    FIND(Abort);
    FIND(Comm_rank);
    FIND(Comm_size);
    FIND(Get_library_version);
    FIND(Iallreduce);
    FIND(Allreduce);
    FIND(Test);
    FIND(Allgather);
#undef FIND
    return NULL;
}

/// Which constants the library takes.
static bool find_constants(void *library, const char *path) {
    const char *name = strrchr(path, '/');
    if (strstr(name ? name : path, "mpi_abi")) return mpi.is = standard, true;
    const handle world = (handle)dlsym(library, "ompi_mpi_comm_world");
    if (!world) return mpi.is = mpich, true;
    mpi.is = (constants){
        .world = world,
        .float32 = (handle)dlsym(library, "ompi_mpi_float"),
        .float64 = (handle)dlsym(library, "ompi_mpi_double"),
        .byte = (handle)dlsym(library, "ompi_mpi_byte"),
        .sum = (handle)dlsym(library, "ompi_mpi_op_sum"),
        .in_place = 1,
        .no_status = 0,
    };
    return mpi.is.float32 && mpi.is.float64 && mpi.is.byte && mpi.is.sum;
}

/// The launcher's own library first; then what serves any launcher.
static void *open_library(const deixis_launch *launch, const char **path, char *message, size_t capacity) {
    static const char *const open_mpi[] = {"libmpi.so.40", "libmpi.so.80", "libmpi_abi.so.0", "libmpi_abi.so", NULL};
    static const char *const family_of_mpich[] = {
        "libmpi.so.12", "libmpich.so.12", "libmpi_abi.so.0", "libmpi_abi.so", NULL};
    static const char *const any[] = {
        "libmpi.so.40", "libmpi.so.80", "libmpi.so.12", "libmpich.so.12", "libmpi_abi.so.0", "libmpi_abi.so", NULL};
    const char *const asked[] = {getenv("DEIXIS_MPI_LIBRARY"), NULL};
    const char *const *names = asked[0] && *asked[0]                              ? asked
        : !strcmp(launch->launcher, "Open MPI")                                   ? open_mpi
        : !strcmp(launch->launcher, "Slurm") || !strcmp(launch->launcher, "PMIx") ? any
                                                                                  : family_of_mpich;
    size_t length = (size_t)snprintf(message, capacity, "no MPI library of %s:", launch->launcher);
    for (; *names; names++) {
        // Global, for Open MPI's components look for its symbols there.
        void *library = dlopen(*names, RTLD_NOW | RTLD_GLOBAL);
        if (library) return *path = *names, library;
        if (length < capacity) {
            const char *why = names == asked ? dlerror() : *names;
            length += (size_t)snprintf(message + length, capacity - length, " %s", why ? why : *names);
        }
    }
    return NULL;
}

static void start_helper(void);

deixis_mpi_status deixis_mpi_start(const deixis_launch *launch, char *message, size_t capacity) {
    const char *path;
    void *library = open_library(launch, &path, message, capacity);
    if (!library) return DEIXIS_MPI_MISSING;
    const char *missing = find_functions(library);
    if (missing || !find_constants(library, path)) {
        snprintf(message, capacity, "%s lacks %s", path, missing ? missing : "its predefined objects");
        return DEIXIS_MPI_MISSING;
    }
    int length = 0, provided = 0;
    if (mpi.Get_library_version(mpi.library, &length)) mpi.library[0] = 0;
    mpi.library[strcspn(mpi.library, "\n")] = 0;
    for (char *c = mpi.library; *c; c++)
        if (*c == '\t') *c = ' ';
    if (mpi.Init_thread(NULL, NULL, serialized, &provided) || mpi.Comm_rank(mpi.is.world, &mpi.rank) ||
        mpi.Comm_size(mpi.is.world, &mpi.size)) {
        snprintf(message, capacity, "%s (%s) could not be started", path, mpi.library);
        return DEIXIS_MPI_FAILED;
    }
    if (launch->size > 0 && launch->size != mpi.size) {
        snprintf(message, capacity, "%s started %d ranks, but %s (%s) sees %d", launch->launcher, launch->size, path,
            mpi.library, mpi.size);
        return DEIXIS_MPI_MISMATCH;
    }
    if (provided >= serialized) start_helper();
    return DEIXIS_MPI_READY;
}

int deixis_mpi_rank(void) { return mpi.rank; }
int deixis_mpi_size(void) { return mpi.size; }
const char *deixis_mpi_library(void) { return mpi.library; }

static _Noreturn void end_all(int code) {
    fflush(NULL);
    mpi.Abort(mpi.is.world, code);
    _Exit(code);
}

/// Errors inside MPI end all ranks by themselves; a library that was told to return them must not be believed.
static void must(int error, const char *what) {
    if (!error) return;
    fprintf(stderr, "deixis: rank %d: %s gave MPI error %d\n", mpi.rank, what, error);
    end_all(70);
}

// Libraries move bytes while one of their functions is called, most of them at no other time. So while sums are under way a thread of
// ours asks after them, every now and then, for as long as the program computes. The lock lets one thread at a time into the library:
// MPI_THREAD_SERIALIZED. Without that level there is no such thread, and sums move when they are asked after or waited for.
static struct {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    deixis_mpi_request *first;
    bool helps;
} sums = {.lock = PTHREAD_MUTEX_INITIALIZER, .wake = PTHREAD_COND_INITIALIZER};

/// Asks after all sums under way, in their order; with the lock held.
static void move_sums(void) {
    for (deixis_mpi_request **at = &sums.first; *at;) {
        int done = 0;
        must(mpi.Test(&(*at)->handle, &done, (void *)mpi.is.no_status), "MPI_Test");
        if (done) {
            (*at)->is_done = true;
            *at = (*at)->next;
        } else {
            at = &(*at)->next;
        }
    }
}

/// Between two looks: a few per cent of one core while sums are under way. Who waits looks no more often, for the cores may be
/// another rank's who still computes.
static const struct timespec between_looks = {.tv_nsec = 20000};

static void *help(void *unused) {
    (void)unused;
    for (;;) {
        pthread_mutex_lock(&sums.lock);
        while (!sums.first) pthread_cond_wait(&sums.wake, &sums.lock);
        move_sums();
        pthread_mutex_unlock(&sums.lock);
        nanosleep(&between_looks, NULL);
    }
    return NULL;
}

static void start_helper(void) {
    pthread_t thread;
    sums.helps = pthread_create(&thread, NULL, help, NULL) == 0;
    if (sums.helps) pthread_detach(thread);
}

void deixis_mpi_sum_begin(float *values, size_t count, deixis_mpi_request *request) {
    if (count > INT_MAX) must(2, "a sum of too many elements");
    *request = (deixis_mpi_request){0};
    pthread_mutex_lock(&sums.lock);
    must(mpi.Iallreduce(
             (void *)mpi.is.in_place, values, (int)count, mpi.is.float32, mpi.is.sum, mpi.is.world, &request->handle),
        "MPI_Iallreduce");
    deixis_mpi_request **end = &sums.first;
    while (*end) end = &(*end)->next;
    *end = request;
    pthread_cond_signal(&sums.wake);
    pthread_mutex_unlock(&sums.lock);
}

bool deixis_mpi_test(deixis_mpi_request *request) {
    pthread_mutex_lock(&sums.lock);
    if (!sums.helps) move_sums();
    const bool done = request->is_done;
    pthread_mutex_unlock(&sums.lock);
    return done;
}

void deixis_mpi_wait(deixis_mpi_request *request) {
    for (bool done = false; !done;) {
        pthread_mutex_lock(&sums.lock);
        move_sums();
        done = request->is_done;
        pthread_mutex_unlock(&sums.lock);
        if (!done) nanosleep(&between_looks, NULL);
    }
}

/// What all others wait for is called alone.
#define ALONE(call, what) \
    do { \
        pthread_mutex_lock(&sums.lock); \
        must(call, what); \
        pthread_mutex_unlock(&sums.lock); \
    } while (0)

void deixis_mpi_sum_doubles(double *values, size_t count) {
    if (count > INT_MAX) must(2, "a sum of too many elements");
    ALONE(mpi.Allreduce((void *)mpi.is.in_place, values, (int)count, mpi.is.float64, mpi.is.sum, mpi.is.world),
        "MPI_Allreduce");
}

void deixis_mpi_gather_all(const void *bytes, size_t size, void *all) {
    if (size > INT_MAX) must(2, "a gathering of too many bytes");
    ALONE(mpi.Allgather(bytes, (int)size, mpi.is.byte, all, (int)size, mpi.is.byte, mpi.is.world), "MPI_Allgather");
}

void deixis_mpi_finish(void) { ALONE(mpi.Finalize(), "MPI_Finalize"); }

_Noreturn void deixis_mpi_abort(int code) {
    // Whoever is inside the library may be waiting for a rank that will never answer.
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec++;
    (void)pthread_mutex_timedlock(&sums.lock, &until);
    end_all(code);
}
