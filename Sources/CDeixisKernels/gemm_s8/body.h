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

/// The tail of a column of vectors, in registers: results are stored as bytes, which to the compiler may change anything in memory.
typedef struct s8_tail {
    vi offset, zero;
    vf multiplier, residual_zero, residual_scale, low, high, inverse, low_byte, high_byte;
    int32_t residual_type, output_type;
    bool scales;
} s8_tail;

static inline __attribute__((always_inline)) s8_tail s8_tail_of(const deixis_requantize *q, size_t column, size_t n) {
    const float *offset = (const float *)(const void *)q->offset + column, *multiplier = q->multiplier + column;
    s8_tail t = {
        .offset = n == LANES ? (vi)v_load(offset) : (vi)v_load_n(offset, n), .zero = (vi)(q->zero),
        .multiplier = n == LANES ? v_load(multiplier) : v_load_n(multiplier, n), .residual_zero = v_set((float)q->residual_zero),
        .residual_scale = v_set(q->residual_scale), .low = v_set(q->low), .high = v_set(q->high), .inverse = v_set(q->inverse_scale),
        .low_byte = v_set((float)-q->zero), .high_byte = v_set((float)(255 - q->zero)), .residual_type = q->residual_type,
        .output_type = q->output_type, .scales = q->inverse_scale != 1 || q->output_type != DEIXIS_S8_U8};
    if (!t.scales) {
        // Both pairs of bounds in one: the byte's bounds are whole numbers, so clamping before rounding is the same.
        t.low_byte = v_min(t.high_byte, v_max(t.low_byte, t.low));
        t.high_byte = v_max(v_set((float)-q->zero), v_min(t.high_byte, t.high));
    }
    return t;
}

static inline __attribute__((always_inline)) void s8_finish(const s8_tail *t, vi sum, char *c, const char *residual, size_t column, size_t n) {
    vf v = __builtin_convertvector(sum + t->offset, vf);
    v = v * t->multiplier;
    if (t->residual_type == DEIXIS_S8_U8) {
        vf r = s8_bytes(residual + column, n) - t->residual_zero;
        r = r * t->residual_scale;
        v = v + r;
    } else if (t->residual_type == DEIXIS_S8_F32) {
        v = v + v_load_n((const float *)(const void *)residual + column, n);
    }
    if (t->scales) {
        v = v_min(t->high, v_max(t->low, v));
        if (t->output_type == DEIXIS_S8_F32) {
            if (n == LANES) v_store((float *)(void *)c + column, v);
            else v_store_n((float *)(void *)c + column, v, n);
            return;
        }
        v = v * t->inverse;
    }
    v = v_min(t->high_byte, v_max(t->low_byte, v));
    bytes_v b = __builtin_convertvector(v_round(v) + t->zero, bytes_v);
    if (n == LANES) __builtin_memcpy(c + column, &b, LANES);
    else for (size_t i = 0; i < n; i++) ((uint8_t *)c)[column + i] = b[i];
}

/// The tail of a tile that is not full, sums from memory.
static __attribute__((noinline)) void s8_finish_part(const deixis_tile_s8 *t, const vi *sums, int mr) {
    for (int j = 0; j < NV && (size_t)j * LANES < t->columns; j++) {
        const size_t first = (size_t)j * LANES, n = t->columns - first < LANES ? t->columns - first : LANES;
        const s8_tail tail = s8_tail_of(t->tail, first, n);
        for (int i = 0; i < mr; i++) s8_finish(&tail, sums[i * NV + j], t->c + i * t->c_row, t->residual + i * t->residual_row, first, n);
    }
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
    char *const c = t->c;
    const char *const residual = t->residual;
    const ptrdiff_t c_row = t->c_row, residual_row = t->residual_row;
    if (t->columns == NV * LANES) {
        UNROLLED for (int j = 0; j < NV; j++) {
            const s8_tail tail = s8_tail_of(t->tail, (size_t)j * LANES, LANES);
            UNROLLED for (int i = 0; i < mr; i++) s8_finish(&tail, sum[i][j], c + i * c_row, residual + i * residual_row, (size_t)j * LANES, LANES);
        }
        return;
    }
    vi sums[MR * NV];
    UNROLLED for (int i = 0; i < mr; i++) UNROLLED for (int j = 0; j < NV; j++) sums[i * NV + j] = sum[i][j];
    s8_finish_part(t, sums, mr);
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
