// The register tile, once for all instruction sets: MR rows by NV vectors of int32 sums. A step takes four k: NV vectors of B and, per row, four
// bytes of A spread over a vector. An ISA file has defined, beside common/<isa>.h:
//     S8_B          what a vector of B is turned into once per step;  s8_load(p)
//     S8_A          what four bytes of A are turned into;             s8_spread(word)
//     s8_dot(sum, a, b)
//     MR, NV

#include "gemm_s8/tile.h"

#pragma clang fp contract(off)

#define UNROLLED _Pragma("clang loop unroll(full)")

typedef uint8_t bytes_v __attribute__((ext_vector_type(LANES)));

static inline vf s8_bytes(const char *p, size_t n) {
    bytes_v b = 0;
    if (n == LANES) __builtin_memcpy(&b, p, LANES);
    else for (size_t i = 0; i < n; i++) b[i] = ((const uint8_t *)p)[i];
    return __builtin_convertvector(b, vf);
}

static inline __attribute__((always_inline)) void s8_finish(const deixis_tile_s8 *t, vi sum, size_t row, size_t column, size_t n) {
    const deixis_requantize *q = t->tail;
    const float *offset = (const float *)(const void *)q->offset + column;
    vi whole = n == LANES ? (vi)v_load(offset) : (vi)v_load_n(offset, n);
    vf v = __builtin_convertvector(sum + whole, vf);
    v = v * (n == LANES ? v_load(q->multiplier + column) : v_load_n(q->multiplier + column, n));
    const ptrdiff_t at = (ptrdiff_t)row * t->residual_row;
    if (q->residual_type == DEIXIS_S8_U8) {
        vf r = s8_bytes(t->residual + at + (ptrdiff_t)column, n) - v_set((float)q->residual_zero);
        r = r * v_set(q->residual_scale);
        v = v + r;
    } else if (q->residual_type == DEIXIS_S8_F32) {
        v = v + v_load_n((const float *)(const void *)(t->residual + at) + column, n);
    }
    v = v_min(v_set(q->high), v_max(v_set(q->low), v));
    char *c = t->c + (ptrdiff_t)row * t->c_row;
    if (q->output_type == DEIXIS_S8_F32) {
        v_store_n((float *)(void *)c + column, v, n);
        return;
    }
    v = v * v_set(q->inverse_scale);
    // Bounds are whole numbers, so clamping first is the same, and what is rounded fits.
    v = v_min(v_set((float)(255 - q->zero)), v_max(v_set((float)-q->zero), v));
    bytes_v b = __builtin_convertvector(v_round(v) + (vi)(q->zero), bytes_v);
    if (n == LANES) __builtin_memcpy(c + column, &b, LANES);
    else for (size_t i = 0; i < n; i++) ((uint8_t *)c)[column + i] = b[i];
}

static inline __attribute__((always_inline)) void tile(const deixis_tile_s8 *t, const int mr) {
    vi sum[MR][NV];
#ifdef S8_CORRECTED
    vi columns[NV];
    UNROLLED for (int j = 0; j < NV; j++) columns[j] = 0;
#endif
    UNROLLED for (int i = 0; i < mr; i++) UNROLLED for (int j = 0; j < NV; j++) sum[i][j] = 0;
    const int8_t *b = t->b;
    for (size_t tap = 0; tap < t->taps; tap++) {
        const uint8_t *a[MR];
        UNROLLED for (int i = 0; i < mr; i++) a[i] = t->rows[tap * t->row_step + (size_t)i];
        size_t k = 0;
        for (; k + 4 <= t->depth; k += 4, b += NV * LANES * 4) {
            S8_B y[NV];
            UNROLLED for (int j = 0; j < NV; j++) y[j] = s8_load(b + j * LANES * 4);
#ifdef S8_CORRECTED
            UNROLLED for (int j = 0; j < NV; j++) columns[j] = s8_dot(columns[j], s8_ones(), y[j]);
#endif
            UNROLLED for (int i = 0; i < mr; i++) {
                uint32_t word;
                __builtin_memcpy(&word, a[i] + k, 4);
                const S8_A x = s8_spread(word);
                UNROLLED for (int j = 0; j < NV; j++) sum[i][j] = s8_dot(sum[i][j], x, y[j]);
            }
        }
        if (k < t->depth) {
            S8_B y[NV];
            UNROLLED for (int j = 0; j < NV; j++) y[j] = s8_load(b + j * LANES * 4);
#ifdef S8_CORRECTED
            UNROLLED for (int j = 0; j < NV; j++) columns[j] = s8_dot(columns[j], s8_ones(), y[j]);
#endif
            UNROLLED for (int i = 0; i < mr; i++) {
                // What lies behind a row may not be read.
                uint32_t word = 0;
                for (size_t byte = 0; k + byte < t->depth; byte++) word |= (uint32_t)a[i][k + byte] << 8 * byte;
                const S8_A x = s8_spread(word);
                UNROLLED for (int j = 0; j < NV; j++) sum[i][j] = s8_dot(sum[i][j], x, y[j]);
            }
            b += NV * LANES * 4;
        }
    }
#ifdef S8_CORRECTED
    // A went in as a - 128.
    UNROLLED for (int i = 0; i < mr; i++) UNROLLED for (int j = 0; j < NV; j++) sum[i][j] += columns[j] * 128;
#endif
    if (t->columns == NV * LANES) {
        UNROLLED for (int i = 0; i < mr; i++) UNROLLED for (int j = 0; j < NV; j++) s8_finish(t, sum[i][j], (size_t)i, (size_t)j * LANES, LANES);
        return;
    }
    UNROLLED for (int j = 0; j < NV; j++) {
        const size_t first = (size_t)j * LANES;
        if (first >= t->columns) break;
        const size_t n = t->columns - first < LANES ? t->columns - first : LANES;
        UNROLLED for (int i = 0; i < mr; i++) s8_finish(t, sum[i][j], (size_t)i, first, n);
    }
}

#define TILE(mr) static void tile_##mr(const deixis_tile_s8 *t) { tile(t, mr); }
TILE(1) TILE(2) TILE(3) TILE(4)
#if MR > 4
TILE(5) TILE(6)
#endif
#if MR > 6
TILE(7) TILE(8) TILE(9) TILE(10) TILE(11) TILE(12)
#endif

const deixis_tiles_s8 VARIANT_NAME(deixis_gemm_s8_tiles) = {{
    tile_1, tile_2, tile_3, tile_4,
#if MR > 4
    tile_5, tile_6,
#endif
#if MR > 6
    tile_7, tile_8, tile_9, tile_10, tile_11, tile_12,
#endif
}};
