// A packed product for shapes too small for OpenBLAS: C = alpha A B + beta C with any strides of A and B.
//
// B is packed in panels of NR columns; A is read where it lies, MR rows at a time, since for the short depths of
// attention packing it costs more than the product. KC bounds the panel so that it stays in L1.

#define VL (VB / (long)sizeof(T))
#define NR (2 * VL)
#define MR GEMM_ROWS
#define KC 256
#define NC 1024
#define MC (8 * MR)

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

// out = MR x NR products of depth k; `a` has row stride ars and column stride acs.
static inline void FN(tile)(long k, const T *restrict a, long ars, long acs, const T *restrict b, T *restrict out) {
  FN(vec) acc[MR][2];
#pragma clang loop unroll(full)
  for (int i = 0; i < MR; i++) acc[i][0] = acc[i][1] = (FN(vec)){0};
  for (long p = 0; p < k; p++, a += acs) {
    const FN(vec) b0 = *(const FN(vec) *)(b + p * NR), b1 = *(const FN(vec) *)(b + p * NR + VL);
#pragma clang loop unroll(full)
    for (int i = 0; i < MR; i++) {
      const T s = a[i * ars];
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

// The left half of a tile, where a panel has no more columns than that: heads are narrow and sentences short.
static inline void FN(half_tile)(
    long k, const T *restrict a, long ars, long acs, const T *restrict b, T *restrict out) {
    FN(vec) acc[MR];
#pragma clang loop unroll(full)
  for (int i = 0; i < MR; i++) acc[i] = (FN(vec)){0};
  for (long p = 0; p < k; p++, a += acs) {
    const FN(vec) b0 = *(const FN(vec) *)(b + p * NR);
#pragma clang loop unroll(full)
    for (int i = 0; i < MR; i++) acc[i] += b0 * a[i * ars];
  }
#pragma clang loop unroll(full)
  for (int i = 0; i < MR; i++) *(FN(vec) *)(out + i * NR) = acc[i];
}

// Columns [0, width) of B into a panel, the rest zeros.
static inline void FN(pack_panel)(
    T *restrict panel, const T *restrict source, long brs, long bcs, long depth, long width) {
    if (bcs == 1 && width == NR) {
        for (long p = 0; p < depth; p++)
            for (long x = 0; x < NR; x++) panel[p * NR + x] = source[p * brs + x];
        return;
    }
    for (long p = 0; p < depth; p++) {
        // Left to itself the compiler gathers, which is slower than scalar loads.
#pragma clang loop vectorize(disable) unroll_count(4)
    for (long x = 0; x < width; x++) panel[p * NR + x] = source[p * brs + x * bcs];
    for (long x = width; x < NR; x++) panel[p * NR + x] = 0;
  }
}

static void FN(gemm)(long m, long n, long k, double alpha_, const void *a_, long ars, long acs, const void *b_,
    long brs, long bcs, double beta_, void *c_, long ldc) {
    const T *a = a_, *b = b_;
    T *c = c_;
    const T alpha = (T)alpha_, beta = (T)beta_;
    T *pack = FN(scratch)(KC * (NC + NR) + KC * MR);
    T *few = pack + KC * (NC + NR);
    T out[MR * NR] __attribute__((aligned(64)));
    for (long j0 = 0; j0 < n; j0 += NC) {
        const long columns = n - j0 < NC ? n - j0 : NC;
        for (long p0 = 0; p0 < k; p0 += KC) {
            const long depth = k - p0 < KC ? k - p0 : KC;
            const bool first = p0 == 0;
            for (long j = 0; j < columns; j += NR)
                FN(pack_panel)(pack + j * depth, b + p0 * brs + (j0 + j) * bcs, brs, bcs, depth,
                    columns - j < NR ? columns - j : NR);
            // A block of A in L2 against each panel in L1.
            for (long i0 = 0; i0 < m; i0 += MC) {
                const long block = m - i0 < MC ? m : i0 + MC;
                for (long j = 0; j < columns; j += NR) {
                    const long width = columns - j < NR ? columns - j : NR;
                    for (long i = i0; i < block; i += MR) {
                        // The last slab reaches back over rows already done and writes only its own; fewer rows than MR are padded.
                        const long start = m < MR ? 0
                            : i + MR > m          ? m - MR
                                                  : i,
                                   skipped = i - start, end = m - start < MR ? m - start : MR;
                        const T *source = a + start * ars + p0 * acs;
                        long rs = ars, cs = acs;
                        if (m < MR) {
                            if (j == 0)
                                for (long r = 0; r < MR; r++)
                                    for (long p = 0; p < depth; p++)
                                        few[r * depth + p] = r < m ? source[r * ars + p * acs] : 0;
                            source = few, rs = depth, cs = 1;
                        }
                        if (width > VL) FN(tile)(depth, source, rs, cs, pack + j * depth, out);
            else FN(half_tile)(depth, source, rs, cs, pack + j * depth, out);
            for (long r = skipped; r < end; r++) {
              T *target = c + (start + r) * ldc + j0 + j;
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
}
