// A product for shapes whose packing would cost OpenBLAS too much: C = alpha A B + beta C with any strides of A and B.
//
// A is read where it lies, MR rows at a time, or packed where it is transposed. B is read where it lies where its
// columns are neighbours and its rows do not share few sets of L1; else it is packed in panels of NR columns. KC rows
// of a panel stay in L1, MC rows of A in L2.

#define VL (VB / (long)sizeof(T))
#define NR (2 * VL)
#define MR GEMM_ROWS
#define KC 256
#define NC 512
#define MC (16 * MR)

typedef T FN(vec) __attribute__((vector_size(VB), aligned(sizeof(T))));

// Memory of a thread, grown on demand and kept: the products of one step have the same sizes again and again.
#define THREAD_MEMORY(name)                                                                 \
  static T *FN(name)(long count) {                                                          \
    static _Thread_local T *memory;                                                         \
    static _Thread_local long capacity;                                                     \
    if (count > capacity) {                                                                 \
      free(memory);                                                                         \
      capacity = count;                                                                     \
      if (posix_memalign((void **)&memory, 64, (size_t)capacity * sizeof(T)) != 0) abort(); \
    }                                                                                       \
    return memory;                                                                          \
  }
THREAD_MEMORY(packed_memory)
THREAD_MEMORY(row_memory)
#undef THREAD_MEMORY

// Where a tile goes: rows [first, last) and `width` columns of c = keep c + alpha tile; keep 0 does not read c.
typedef struct {
  T *c;
  long ldc, first, last, width;
  T alpha, keep;
} FN(target);

static inline void FN(store)(const FN(target) *restrict t, long row, const FN(vec) *restrict value, long vectors) {
  T *c = t->c + row * t->ldc;
  if (t->width == vectors * VL) {
#pragma clang loop unroll(full)
    for (long v = 0; v < vectors; v++) {
      FN(vec) *place = (FN(vec) *)(c + v * VL);
      *place = t->keep == 0 ? value[v] * t->alpha : *place * t->keep + value[v] * t->alpha;
    }
    return;
  }
  T part[NR];
  for (long v = 0; v < vectors; v++) *(FN(vec) *)(part + v * VL) = value[v];
  if (t->keep == 0) for (long x = 0; x < t->width; x++) c[x] = t->alpha * part[x];
  else for (long x = 0; x < t->width; x++) c[x] = t->keep * c[x] + t->alpha * part[x];
}

// MR x NR products of depth k; `a` has row stride ars and column stride acs, `b` row stride brs.
static inline void FN(tile)(long k, const T *restrict a, long ars, long acs, const T *restrict b, long brs,
    const FN(target) *restrict target) {
  FN(vec) acc[MR][2];
#pragma clang loop unroll(full)
  for (int i = 0; i < MR; i++) acc[i][0] = acc[i][1] = (FN(vec)){0};
  for (long p = 0; p < k; p++, a += acs, b += brs) {
    const FN(vec) b0 = *(const FN(vec) *)b, b1 = *(const FN(vec) *)(b + VL);
#pragma clang loop unroll(full)
    for (int i = 0; i < MR; i++) {
      const T s = a[i * ars];
      acc[i][0] += b0 * s;
      acc[i][1] += b1 * s;
    }
  }
#pragma clang loop unroll(full)
  for (int i = 0; i < MR; i++)
    if (i >= target->first && i < target->last) FN(store)(target, i, acc[i], 2);
}

// The left half of a tile, where there are no more columns than that: heads are narrow and sentences short.
static inline void FN(half_tile)(long k, const T *restrict a, long ars, long acs, const T *restrict b, long brs,
    const FN(target) *restrict target) {
  FN(vec) acc[MR];
#pragma clang loop unroll(full)
  for (int i = 0; i < MR; i++) acc[i] = (FN(vec)){0};
  for (long p = 0; p < k; p++, a += acs, b += brs) {
    const FN(vec) b0 = *(const FN(vec) *)b;
#pragma clang loop unroll(full)
    for (int i = 0; i < MR; i++) acc[i] += b0 * a[i * ars];
  }
#pragma clang loop unroll(full)
  for (int i = 0; i < MR; i++)
    if (i >= target->first && i < target->last) FN(store)(target, i, acc + i, 1);
}

// Elements of x and y by turns: those of their first halves, those of their second.
#if VB / (4 + 4 * T_IS_DOUBLE) == 16
#define INTERLEAVE_FIRST(x, y) __builtin_shufflevector(x, y, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
#define INTERLEAVE_SECOND(x, y) \
  __builtin_shufflevector(x, y, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
#elif VB / (4 + 4 * T_IS_DOUBLE) == 8
#define INTERLEAVE_FIRST(x, y) __builtin_shufflevector(x, y, 0, 8, 1, 9, 2, 10, 3, 11)
#define INTERLEAVE_SECOND(x, y) __builtin_shufflevector(x, y, 4, 12, 5, 13, 6, 14, 7, 15)
#elif VB / (4 + 4 * T_IS_DOUBLE) == 4
#define INTERLEAVE_FIRST(x, y) __builtin_shufflevector(x, y, 0, 4, 1, 5)
#define INTERLEAVE_SECOND(x, y) __builtin_shufflevector(x, y, 2, 6, 3, 7)
#else
#define INTERLEAVE_FIRST(x, y) __builtin_shufflevector(x, y, 0, 2)
#define INTERLEAVE_SECOND(x, y) __builtin_shufflevector(x, y, 1, 3)
#endif

// out[p][x] = in[x][p] for VL x VL elements: interleaving the halves log2(VL) times is a transposition. Of fewer `rows`
// the last stands for those that are missing.
static inline void FN(transpose)(T *restrict out, const T *restrict in, long stride, long rows) {
  FN(vec) v[2][VL];
#pragma clang loop unroll(full)
  for (long i = 0; i < VL; i++) v[0][i] = *(const FN(vec) *)(in + (i < rows ? i : rows - 1) * stride);
  int from = 0;
#pragma clang loop unroll(full)
  for (long round = 1; round < VL; round *= 2, from ^= 1)
#pragma clang loop unroll(full)
    for (long i = 0; i < VL / 2; i++) {
      v[from ^ 1][2 * i] = INTERLEAVE_FIRST(v[from][i], v[from][i + VL / 2]);
      v[from ^ 1][2 * i + 1] = INTERLEAVE_SECOND(v[from][i], v[from][i + VL / 2]);
    }
#pragma clang loop unroll(full)
  for (long i = 0; i < VL; i++) *(FN(vec) *)(out + i * NR) = v[from][i];
}

// Columns [0, width) of B into a panel. What lands beside them is computed with and stored nowhere.
static inline void FN(pack_panel)(
    T *restrict panel, const T *restrict source, long brs, long bcs, long depth, long width) {
  long done = 0;
  if (bcs == 1) {
    // Whole vectors, as long as they end before the last row's columns do.
    const long vectors = width > VL ? 2 : 1, last = (depth - 1) * brs + width - vectors * VL;
    for (; done < depth && done * brs <= last; done++)
      for (long v = 0; v < vectors; v++)
        *(FN(vec) *)(panel + done * NR + v * VL) = *(const FN(vec) *)(source + done * brs + v * VL);
  } else if (brs == 1 && depth >= VL) {
    // The last block reaches back over rows already done.
    for (long p = 0; p < depth; p += VL) {
      const long start = p + VL <= depth ? p : depth - VL;
      for (long x = 0; x < width; x += VL)
        FN(transpose)(panel + start * NR + x, source + start + x * bcs, bcs, width - x);
    }
    done = depth;
  }
  for (long p = done; p < depth; p++) {
    // Left to itself the compiler gathers, which is slower than scalar loads.
#pragma clang loop vectorize(disable) unroll_count(4)
    for (long x = 0; x < width; x++) panel[p * NR + x] = source[p * brs + x * bcs];
    for (long x = width; x < NR; x++) panel[p * NR + x] = 0;
  }
}

// Rows [0, MR) of A, the last of `rows` for those that are missing, as [depth][MR].
static inline void FN(pack_rows)(
    T *restrict tile, const T *restrict source, long ars, long acs, long depth, long rows) {
  if (ars == 1 && rows == MR) {
    for (long p = 0; p < depth; p++) memcpy(tile + p * MR, source + p * acs, MR * sizeof(T));
    return;
  }
  for (long p = 0; p < depth; p++)
#pragma clang loop unroll(full)
    for (long r = 0; r < MR; r++) tile[p * MR + r] = source[(r < rows ? r : rows - 1) * ars + p * acs];
}

static void FN(gemm)(long m, long n, long k, double alpha, const void *a_, long ars, long acs, const void *b_,
    long brs, long bcs, double beta, void *c_, long ldc) {
  const T *a = a_, *b = b_;
  T *c = c_;
  T *panels = FN(packed_memory)(KC * (NC + MC)), *tiles = panels + KC * NC;
  // Rows of B a multiple of four cache lines apart share few sets of L1.
  const bool b_in_place = bcs == 1 && (brs == NR || brs * (long)sizeof(T) % 256 != 0 || m <= 2 * MR);
  const bool a_in_place = m >= MR && (acs == 1 || n <= NR || k <= 64);
  const long slabs = k > KC ? (k + KC - 1) / KC : 1, slab = k > 0 ? (k + slabs - 1) / slabs : 1;
  for (long j0 = 0; j0 < n; j0 += NC) {
    const long columns = n - j0 < NC ? n - j0 : NC;
    // Once also where the sums are empty: C is scaled all the same.
    for (long p0 = 0; p0 == 0 || p0 < k; p0 += slab) {
      const long depth = k - p0 < slab ? k - p0 : slab;
      const T *corner = b + p0 * brs + j0 * bcs;
      for (long i0 = 0; i0 < m; i0 += MC) {
        const long end = m - i0 < MC ? m : i0 + MC;
        for (long j = 0; j < columns; j += NR) {
          const long width = columns - j < NR ? columns - j : NR;
          const bool in_place = b_in_place && (width == NR || width == VL);
          T *panel = panels + j * depth;
          if (i0 == 0 && !in_place) FN(pack_panel)(panel, corner + j * bcs, brs, bcs, depth, width);
          for (long i = i0; i < end; i += MR) {
            // The last tile reaches back over rows already done and writes only its own.
            const long start = m < MR ? 0 : i + MR > m ? m - MR : i, rows = m - start < MR ? m - start : MR;
            const T *source = a + start * ars + p0 * acs;
            T *tile = tiles + (i - i0) * depth;
            if (j == 0 && !a_in_place) FN(pack_rows)(tile, source, ars, acs, depth, rows);
            const FN(target) target = {c + start * ldc + j0 + j, ldc, i - start, rows, width, (T)alpha,
                (T)(p0 == 0 ? beta : 1)};
            (width > VL ? FN(tile) : FN(half_tile))(depth, a_in_place ? source : tile, a_in_place ? ars : 1,
                a_in_place ? acs : MR, in_place ? corner + j : panel, in_place ? brs : NR, &target);
          }
        }
      }
    }
  }
}
