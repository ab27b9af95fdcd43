// The Message Passing Interface, as far as data-parallel training needs it, from whatever library a launcher belongs to: loaded
// when a launcher has started this process, never linked. Open MPI 4 and 5, the MPICH family (Intel MPI, MVAPICH, Cray) and MPI 5's
// standard ABI differ in what their handles are; the one table of that is in mpi.c.
//
// All calls come from one thread. What goes wrong inside a started MPI ends all ranks,
// with the library's own message: its default, and the only sound one, for a collective call that one rank left never returns.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/// What the environment says about the launcher that started this process.
typedef struct deixis_launch {
    /// "Open MPI", "Hydra", "MVAPICH", "Slurm" or "PMIx"; null: no launcher of MPI.
    const char *launcher;
    /// -1 where the launcher does not say.
    int rank, size;
} deixis_launch;

/// Looks at the environment alone. Slurm's variables count only where `srun` has made a step (SLURM_STEP_ID other than the batch
/// script's): a bare script of sbatch sets them too.
deixis_launch deixis_launch_of_environment(void);

/// Where this process runs: the machine's name, and which of its cores (8192, the most that Linux counts) it may use, as
/// bytes to compare.
typedef struct deixis_place {
    unsigned char host[128];
    unsigned char cores[1024];
} deixis_place;
deixis_place deixis_place_of_process(void);

typedef enum deixis_mpi_status {
    DEIXIS_MPI_READY = 0,
    /// No library was found, or one that lacks a function.
    DEIXIS_MPI_MISSING,
    /// The environment says that there are several ranks, the library that there is one: launcher and library do not match.
    DEIXIS_MPI_MISMATCH,
    /// MPI_Init_thread failed.
    DEIXIS_MPI_FAILED,
} deixis_mpi_status;

/// Loads the library of `launch`, or the one that the environment variable DEIXIS_MPI_LIBRARY names, and starts it. On failure
/// `message` holds what was tried, one line, NUL at its end. Once per process.
deixis_mpi_status deixis_mpi_start(const deixis_launch *launch, char *message, size_t capacity);

/// After deixis_mpi_start gave DEIXIS_MPI_READY.
int deixis_mpi_rank(void);
int deixis_mpi_size(void);
/// One line of the library about itself: name and version.
const char *deixis_mpi_library(void);

/// A sum under way, of at most as many elements as an int counts. It stays where it is until it was waited for.
typedef struct deixis_mpi_request {
    void *handle;
    struct deixis_mpi_request *next;
    bool is_done;
} deixis_mpi_request;

/// values[i] becomes the sum of all ranks' values[i], at deixis_mpi_wait at the latest; until then `values` is not to be touched. It
/// goes on while the caller computes, where the library lets a second thread in (MPI_THREAD_SERIALIZED).
/// All ranks begin their sums in the same order, with the same counts. The order of additions depends on count and ranks alone.
void deixis_mpi_sum_begin(float *values, size_t count, deixis_mpi_request *request);
/// Whether this one has ended.
bool deixis_mpi_test(deixis_mpi_request *request);
void deixis_mpi_wait(deixis_mpi_request *request);

/// The same for few numbers at once.
void deixis_mpi_sum_doubles(double *values, size_t count);
/// `size` bytes of each rank, in the order of ranks, into `all` (size x ranks bytes) on every rank.
void deixis_mpi_gather_all(const void *bytes, size_t size, void *all);

/// Ends MPI in good order; every rank calls it.
void deixis_mpi_finish(void);
/// Ends all ranks at once with exit status `code`. Does not return.
_Noreturn void deixis_mpi_abort(int code);

#ifdef __cplusplus
}
#endif
