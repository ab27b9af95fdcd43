// OpenBLAS, loaded at run time so that its core type can be chosen first: 0.3.21 does not know newer CPUs and falls
// back to SSE3 kernels, a fifth of the speed. It always runs on the calling thread; the split over threads is ours.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "include/CDeixisTensor.h"

enum { row_major = 101, no_transpose = 111, transpose = 112 };
typedef void (*sgemm_fn)(
    int, int, int, int, int, int, float, const float *, int, const float *, int, float, float *, int);
typedef void (*dgemm_fn)(
    int, int, int, int, int, int, double, const double *, int, const double *, int, double, double *, int);

static sgemm_fn sgemm;
static dgemm_fn dgemm;
static const char *core = "";
static dxt_blas_status status;
static pthread_once_t once = PTHREAD_ONCE_INIT;

// Small and odd shapes, so that every edge kernel runs.
static bool agrees_with_naive(void) {
  static const int shapes[][3] = {{1, 1, 1}, {7, 5, 9}, {33, 17, 65}, {64, 96, 128}, {130, 70, 33}};
  bool good = true;
  for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++)
    for (int kind = 0; kind < 4; kind++) {
      const int m = shapes[s][0], n = shapes[s][1], k = shapes[s][2];
      const bool ta = kind & 1, tb = kind & 2;
      float *a = malloc(sizeof(float) * (size_t)m * k), *b = malloc(sizeof(float) * (size_t)k * n),
            *c = malloc(sizeof(float) * (size_t)m * n);
      if (!a || !b || !c) abort();
      for (int i = 0; i < m * k; i++) a[i] = (float)((i * 37 + 11) % 29 - 14) / 16;
      for (int i = 0; i < k * n; i++) b[i] = (float)((i * 53 + 5) % 31 - 15) / 16;
      for (int i = 0; i < m * n; i++) c[i] = 1;
      sgemm(row_major, ta ? transpose : no_transpose, tb ? transpose : no_transpose, m, n, k, 1, a, ta ? m : k, b,
          tb ? k : n, 0.5f, c, n);
      for (int i = 0; i < m; i++)
        for (int j = 0; j < n; j++) {
          double sum = 0.5;
          for (int p = 0; p < k; p++)
              sum += (double)(ta ? a[p * m + i] : a[i * k + p]) * (tb ? b[j * k + p] : b[p * n + j]);
          if (!(fabs(sum - c[i * n + j]) < 1e-3)) good = false;
        }
      free(a), free(b), free(c);
    }
  return good;
}

// Loads a copy with the given core type (NULL: what the environment says) and fills the pointers.
static dxt_blas_status open_with(const char *type) {
  char *before = getenv("OPENBLAS_CORETYPE"), *saved = before ? strdup(before) : NULL;
  if (type) {
    setenv("OPENBLAS_CORETYPE", type, 1);
    // A block size forced on another core type's kernels would be wrong for these.
    unsetenv("OPENBLAS_L2_SIZE");
  }
  setenv("OPENBLAS_NUM_THREADS", "1", 0);
  void *library = dlopen("libopenblas.so.0", RTLD_NOW | RTLD_LOCAL);
  if (saved) setenv("OPENBLAS_CORETYPE", saved, 1);
  else if (type) unsetenv("OPENBLAS_CORETYPE");
  free(saved);
  if (!library) return dxt_blas_missing;
  sgemm = (sgemm_fn)dlsym(library, "cblas_sgemm");
  dgemm = (dgemm_fn)dlsym(library, "cblas_dgemm");
  void (*set_threads)(int) = (void (*)(int))dlsym(library, "openblas_set_num_threads");
  char *(*name)(void) = (char *(*)(void))dlsym(library, "openblas_get_corename");
  const bool found = sgemm && dgemm && set_threads;
  if (found) {
    set_threads(1);
    core = name ? name() : "";
    if (!type || agrees_with_naive()) return dxt_blas_ready;
  }
  // Products then run on our own loops.
  (sgemm = NULL, dgemm = NULL, core = "");
  dlclose(library);
  return dxt_blas_symbol;
}

static void load(void) {
  const char *asked = getenv("DEIXIS_OPENBLAS_CORETYPE");
  const dxt_isa isa = dxt_best_isa();
  const char *type = asked && *asked ? asked
      : isa == dxt_isa_avx512        ? "SkylakeX"
      : isa == dxt_isa_avx2          ? "Haswell"
                                     : NULL;
  status = open_with(type);
  if (status == dxt_blas_symbol && type) status = open_with(NULL);
}

dxt_blas_status dxt_blas_load(void) {
  pthread_once(&once, load);
  return status;
}

const char *dxt_blas_core(void) { return core; }

void dxt_gemm(bool is_double, bool ta, bool tb, long m, long n, long k, double alpha, const void *a, long lda,
    const void *b, long ldb, double beta, void *c, long ldc) {
    if (m <= 0 || n <= 0) return;
    // OpenBLAS copies both operands first, which few columns or few rows do not pay back.
    const bool narrow = !is_double && (n <= 512 || m <= 64);
    if (!sgemm || narrow || m * n * k < 32 * 32 * 32 || k == 0) {
        // Two threads that both look it up store the same pointer.
        static const dxt_kernels *_Atomic tables[2];
        const dxt_kernels *table = atomic_load_explicit(&tables[is_double], memory_order_relaxed);
        if (!table) {
            table = dxt_kernel_table(is_double, dxt_best_isa());
            atomic_store_explicit(&tables[is_double], table, memory_order_relaxed);
        }
        table->gemm(
            m, n, k, alpha, a, ta ? 1 : lda, ta ? lda : 1, b, tb ? 1 : ldb, tb ? ldb : 1, beta, c, ldc);
    } else if (is_double) {
        dgemm(row_major, ta ? transpose : no_transpose, tb ? transpose : no_transpose, (int)m, (int)n, (int)k, alpha, a,
            (int)lda, b, (int)ldb, beta, c, (int)ldc);
    } else {
        sgemm(row_major, ta ? transpose : no_transpose, tb ? transpose : no_transpose, (int)m, (int)n, (int)k,
            (float)alpha, a, (int)lda, b, (int)ldb, (float)beta, c, (int)ldc);
    }
}

typedef struct {
  bool is_double, ta, tb, by_rows;
  long m, n, k, lda, ldb, ldc, step;
  double alpha, beta;
  const char *a, *b;
  char *c;
} product;

static void run_part(void *context, long chunk) {
  const product *p = context;
  const long size = p->is_double ? 8 : 4, total = p->by_rows ? p->m : p->n, begin = chunk * p->step;
  long count = total - begin < p->step ? total - begin : p->step;
  if (count <= 0) return;
  if (p->by_rows)
      dxt_gemm(p->is_double, p->ta, p->tb, count, p->n, p->k, p->alpha, p->a + size * begin * (p->ta ? 1 : p->lda),
          p->lda, p->b, p->ldb, p->beta, p->c + size * begin * p->ldc, p->ldc);
  else
      dxt_gemm(p->is_double, p->ta, p->tb, p->m, count, p->k, p->alpha, p->a, p->lda,
          p->b + size * begin * (p->tb ? p->ldb : 1), p->ldb, p->beta, p->c + size * begin, p->ldc);
}

void dxt_gemm_parallel(bool is_double, bool ta, bool tb, long m, long n, long k, double alpha, const void *a, long lda,
    const void *b, long ldb, double beta, void *c, long ldc) {
    long parts = dxt_threads();
    if (m * n * k < 64 * 64 * 64) parts = 1;
    // Of many rows, more parts than threads: one that is late holds up less.
    if (m >= 8 * n && m >= 256 * parts) parts *= 2;
    product p = {is_double, ta, tb, m >= n, m, n, k, lda, ldb, ldc, 0, alpha, beta, a, b, c};
    const long total = p.by_rows ? m : n;
    p.step = (total + parts - 1) / parts;
    p.step = (p.step + 31) / 32 * 32;
    if (p.step >= total) {
        dxt_gemm(is_double, ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
        return;
    }
    dxt_parallel((total + p.step - 1) / p.step, run_part, &p);
}
