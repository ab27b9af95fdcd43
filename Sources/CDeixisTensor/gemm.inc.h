// A packed product for shapes too small for OpenBLAS: C = alpha A B + beta C with any strides of A and B.
//
// B is packed in panels of NR columns, A in slabs of MR rows, so that the inner loop reads both in order; strides (and hence
// transposes) cost nothing there. KC bounds the panel so that one stays in L1 with its slab.

#define VL (VB / (long)sizeof(T))
#define NR (2 * VL)
#define MR GEMM_ROWS
#define KC 256
#define NC 1024

typedef T FN(vec) __attribute__((vector_size(VB), aligned(sizeof(T))));

// Per thread, grown on demand, kept: the products of one step have the same sizes again and again.
static T *FN(scratch)(long count) {
  static _Thread_local T *memory;
  static _Thread_local long capacity;
  if (count > capacity) {
    free(memory);
    capacity = count + count / 2;
    if (posix_memalign((void **)&memory, 64, (size_t)capacity * sizeof(T)) != 0) abort();
  }
  return memory;
}
static T *FN(scratch2)(long count) {
  static _Thread_local T *memory;
  static _Thread_local long capacity;
  if (count > capacity) {
    free(memory);
    capacity = count + count / 2;
    if (posix_memalign((void **)&memory, 64, (size_t)capacity * sizeof(T)) != 0) abort();
  }
  return memory;
}

static inline void FN(tile)(long k, const T *restrict a, const T *restrict b, T *restrict out) {
  FN(vec) acc[MR][2];
#pragma clang loop unroll(full)
  for (int i = 0; i < MR; i++) acc[i][0] = acc[i][1] = (FN(vec)){0};
  for (long p = 0; p < k; p++) {
    const FN(vec) b0 = *(const FN(vec) *)(b + p * NR), b1 = *(const FN(vec) *)(b + p * NR + VL);
#pragma clang loop unroll(full)
    for (int i = 0; i < MR; i++) {
      const T s = a[p * MR + i];
      acc[i][0] += b0 * s;
      acc[i][1] += b1 * s;
    }
  }
#pragma clang loop unroll(full)
  for (int i = 0; i < MR; i++) {
    *(FN(vec) *)(out + i * NR) = acc[i][0];
    *(FN(vec) *)(out + i * NR + VL) = acc[i][1];
  }
}

static void FN(gemm)(long m, long n, long k, double alpha_, const void *a_, long ars, long acs, const void *b_, long brs, long bcs,
                     double beta_, void *c_, long ldc) {
  const T *a = a_, *b = b_;
  T *c = c_;
  const T alpha = (T)alpha_, beta = (T)beta_;
  T *pack = FN(scratch)(KC * (NC + NR) + KC * MR);
  T *slab = pack + KC * (NC + NR);
  T out[MR * NR] __attribute__((aligned(64)));
  for (long j0 = 0; j0 < n; j0 += NC) {
    const long columns = n - j0 < NC ? n - j0 : NC;
    for (long p0 = 0; p0 < k; p0 += KC) {
      const long depth = k - p0 < KC ? k - p0 : KC;
      const bool first = p0 == 0;
      for (long j = 0; j < columns; j += NR) {
        T *panel = pack + j * depth;
        const long width = columns - j < NR ? columns - j : NR;
        const T *source = b + p0 * brs + (j0 + j) * bcs;
        if (bcs == 1 && width == NR) {
          for (long p = 0; p < depth; p++)
            for (long x = 0; x < NR; x++) panel[p * NR + x] = source[p * brs + x];
        } else {
          for (long x = 0; x < width; x++)
            for (long p = 0; p < depth; p++) panel[p * NR + x] = source[p * brs + x * bcs];
          for (long x = width; x < NR; x++)
            for (long p = 0; p < depth; p++) panel[p * NR + x] = 0;
        }
      }
      for (long i = 0; i < m; i += MR) {
        const long rows = m - i < MR ? m - i : MR;
        const T *source = a + i * ars + p0 * acs;
        for (long r = 0; r < MR; r++) {
          if (r < rows) for (long p = 0; p < depth; p++) slab[p * MR + r] = source[r * ars + p * acs];
          else for (long p = 0; p < depth; p++) slab[p * MR + r] = 0;
        }
        for (long j = 0; j < columns; j += NR) {
          FN(tile)(depth, slab, pack + j * depth, out);
          const long width = columns - j < NR ? columns - j : NR;
          for (long r = 0; r < rows; r++) {
            T *target = c + (i + r) * ldc + j0 + j;
            const T *value = out + r * NR;
            if (first && beta == 0) for (long x = 0; x < width; x++) target[x] = alpha * value[x];
            else {
              const T keep = first ? beta : 1;
              for (long x = 0; x < width; x++) target[x] = keep * target[x] + alpha * value[x];
            }
          }
        }
      }
    }
  }
}
