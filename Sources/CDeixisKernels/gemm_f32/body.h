// The register tile, once for all instruction sets: MR rows by NV vectors of accumulators; a step of k loads NV vectors
// of B and, per row, spreads one value of A over a vector for NV fused multiply-adds.

#include "gemm_f32/tile.h"

enum { TILE_ROWS = VARIANT_NAME(deixis_gemm_f32_mr), TILE_VECTORS = VARIANT_NAME(deixis_gemm_f32_nr) / LANES };
_Static_assert(
    LANES == VARIANT_NAME(deixis_gemm_f32_lanes), "gemm_f32/kernels.def: lanes are not those of the instruction set");
_Static_assert(
    TILE_VECTORS *LANES == VARIANT_NAME(deixis_gemm_f32_nr), "gemm_f32/kernels.def: nr is no number of whole vectors");
_Static_assert(TILE_ROWS <= DEIXIS_TILE_MAX_ROWS && TILE_VECTORS <= DEIXIS_TILE_MAX_VECTORS,
    "gemm_f32/kernels.def: no tile is that large");

#define UNROLLED _Pragma("clang loop unroll(full)")

__attribute__((always_inline)) static inline void tile(const deixis_tile_f32 *t, const int mr, const int nv) {
    vf sum[TILE_ROWS][TILE_VECTORS];
    const size_t tail = t->columns - (size_t)(nv - 1) * LANES;
    float *const c = t->c;
    const ptrdiff_t ldc = t->ldc;
    UNROLLED for (int i = 0; i < mr; i++) {
        UNROLLED for (int j = 0; j < nv; j++) {
            sum[i][j] = v_set(0);
            // The line is written or added to at the end.
            if (j * LANES % 16 == 0) __builtin_prefetch(c + i * ldc + j * LANES, 1);
        }
    }

    const float *b = t->b;
    const ptrdiff_t b_step = t->b_step, a_step = t->a_step;
    const float *const *rows = t->rows;
    const size_t depth = t->depth;
    for (size_t tap = t->taps; tap > 0; tap--, rows += t->row_step) {
        const float *a[TILE_ROWS];
        UNROLLED for (int i = 0; i < mr; i++) a[i] = rows[i] + t->a_offset;
        ptrdiff_t at = 0;
        for (size_t k = depth; k > 0; k--, at += a_step, b += b_step) {
            vf y[TILE_VECTORS];
            UNROLLED for (int j = 0; j < nv; j++) y[j] = v_load(b + j * LANES);
            UNROLLED for (int i = 0; i < mr; i++) {
                vf x = v_set(a[i][at]);
                UNROLLED for (int j = 0; j < nv; j++) sum[i][j] = v_fma(x, y[j], sum[i][j]);
            }
        }
    }

    UNROLLED for (int i = 0; i < mr; i++) {
        UNROLLED for (int j = 0; j < nv; j++) {
            const size_t n = j == nv - 1 ? tail : LANES;
            const ptrdiff_t at = j * LANES;
            if (t->load) sum[i][j] += v_load_n(c + i * ldc + at, n);
            if (t->bias) sum[i][j] += v_load_n(t->bias + at, n);
            if (t->residual) sum[i][j] += v_load_n(t->residual + i * t->ldr + at, n);
            if (t->clamp) sum[i][j] = v_min(v_set(t->high), v_max(v_set(t->low), sum[i][j]));
            v_store_n(c + i * ldc + at, sum[i][j], n);
        }
    }
}

#define TILE(mr, nv) static void tile_##mr##x##nv(const deixis_tile_f32 *t) { tile(t, mr, nv); }
#define ROW(mr) TILE(mr, 1) TILE(mr, 2) TILE(mr, 3) TILE(mr, 4)
/// Only functions that stand in the table are compiled.
#define NAME(mr, nv) (mr <= TILE_ROWS && nv <= TILE_VECTORS ? tile_##mr##x##nv : NULL)
#define NAMES(mr) {NAME(mr, 1), NAME(mr, 2), NAME(mr, 3), NAME(mr, 4)}
ROW(1) ROW(2) ROW(3) ROW(4) ROW(5) ROW(6)

extern void VARIANT_NAME(deixis_unary_f32)(deixis_activation f, const float *x, float *y, size_t count);

const deixis_tiles_f32 VARIANT_NAME(deixis_gemm_f32_tiles) = {
    .run = {NAMES(1), NAMES(2), NAMES(3), NAMES(4), NAMES(5), NAMES(6)},
    .unary = VARIANT_NAME(deixis_unary_f32),
};
