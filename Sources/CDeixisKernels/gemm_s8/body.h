// The register tile, once for all instruction sets: MR rows by NV vectors of sums; a step takes four bytes of each row,
// spread over a vector, times NV vectors of B, four bytes a column. The including file has defined
//     v_dot(sum, a, b)        sum + the four products of a's and b's bytes, lane by lane, exact
//     v_round(x)              to integers, ties to even
//
// Measured with tools/bench-kernels on Zen 4 (avx512vnni, one thread; 236 GMAC/s is what vpdpbusd alone reaches), in
// percent of that peak:
//                                                  1024x768x768   1024x256x256   1x1 64->64   1x1 64->256 + r   7x7/2 3->64 at 512x512
//     6 x 64 tile, all depth in registers               97             92            74             29                 52
//     residual of bytes without leaving registers, bytes
//     packed in registers (vpmovdb to memory is slow),
//     row pointers by runs of pixels (conv_s8)          97             93            77             66                 72
//     clamping as bytes where sums are bounded          97             95            82             67                 75
// B as it stands in the file (gemm_s8_rows; 65 MiB of weights, 10 rows, two threads): panel by panel a line of every
// row 6.3 ms; blocks of 64 rows with sums in the L1 cache, memory asked for the next block in its own order 4.4 ms;
// from packed copies, 63 MiB more, 2.4 ms. Keeping the interleaved words for the next rows of A: 4.7 ms. What is left
// at k = 64 is the tail: 4 cycles a vector besides the 16 of its sums (two conversions, one or two products, packing).
// 7x7 of three channels reads 24 bytes where 21 count: at most 87.5. Products of 1024 x 768 x 768 by variant, in
// GMAC/s: avx512vnni 228, avxvnni 216 (in EVEX form: this CPU has no VEX one), avx512 81, avx2 75, v128 32; gemm_f32
// there: avx512 56, avx2 49, v128 17.

#include "gemm_s8/tile.h"

enum { TILE_ROWS = VARIANT_NAME(deixis_gemm_s8_mr), TILE_VECTORS = VARIANT_NAME(deixis_gemm_s8_nr) / LANES };
_Static_assert(
    TILE_VECTORS *LANES == VARIANT_NAME(deixis_gemm_s8_nr), "gemm_s8/kernels.def: nr is no number of whole vectors");
_Static_assert(TILE_ROWS <= DEIXIS_TILE_S8_ROWS && TILE_VECTORS <= DEIXIS_TILE_S8_VECTORS,
    "gemm_s8/kernels.def: no tile is that large");

#define UNROLLED _Pragma("clang loop unroll(full)")
#define INLINED __attribute__((always_inline)) static inline

#pragma clang fp contract(off)

#ifndef NARROW
typedef uint8_t v_bytes __attribute__((ext_vector_type(LANES)));

/// The first n bytes at p.
INLINED vi v_widen_n(const uint8_t *p, size_t n) {
    v_bytes x = (v_bytes)(0);
    if (n == LANES) __builtin_memcpy(&x, p, LANES);
    else for (size_t i = 0; i < n; i++) x[i] = p[i];
    return __builtin_convertvector(x, vi);
}
INLINED void v_narrow_n(uint8_t *p, vi v, size_t n) {
    v_bytes x = __builtin_convertvector(v, v_bytes);
    if (n == LANES) __builtin_memcpy(p, &x, LANES);
    else for (size_t i = 0; i < n; i++) p[i] = x[i];
}
/// One row of a whole tile: zero + x, between least and most.
INLINED void v_narrow_row(uint8_t *p, const vi *x, const deixis_tail_s8 *q) {
    UNROLLED for (int j = 0; j < TILE_VECTORS; j++) {
        vi y = x[j] + q->zero;
        y = y > (vi)(q->least) ? y : (vi)(q->least);
        v_narrow_n(p + j * LANES, y < (vi)(q->most) ? y : (vi)(q->most), LANES);
    }
}
#endif

/// Row i from its sums, whatever the tail.
INLINED void finish(const deixis_tile_s8 *t, const ptrdiff_t i, const vi *sum, const int nv) {
    const deixis_tail_s8 *const q = t->tail;
    for (int j = 0; j < nv; j++) {
        const ptrdiff_t at = j * LANES;
        const size_t n = j == nv - 1 ? t->columns - (size_t)at : LANES;
        vf v = __builtin_convertvector(sum[j], vf) * v_load_n(t->multiplier + at, n);
        if (q->cut) v = v_min(v_max(v, v_load_n(t->cut_low + at, n)), v_load_n(t->cut_high + at, n));
        if (q->residual_type == DEIXIS_S8_U8) {
            vi r = v_widen_n((const uint8_t *)t->residual + i * t->ldr + at, n) - q->residual_zero;
            v = v + __builtin_convertvector(r, vf) * v_set(q->residual_scale);
        } else if (q->residual_type == DEIXIS_S8_F32) {
            v = v + v_load_n((const float *)t->residual + i * t->ldr + at, n);
        }
        if (!q->float_output) v *= v_set(q->inverse_scale);
        v = v_min(v_max(v, v_set(q->low)), v_set(q->high));
        if (q->float_output) v_store_n((float *)t->c + i * t->ldc + at, v, n);
        else v_narrow_n((uint8_t *)t->c + i * t->ldc + at, v_round(v) + q->zero, n);
    }
}
__attribute__((noinline)) static void finish_rows(const deixis_tile_s8 *t, const vi *sums, const int mr, const int nv) {
    for (int i = 0; i < mr; i++) finish(t, i, sums + i * nv, nv);
}

/// The rows of a whole tile: bytes, bounded, not scaled; with bytes as residual, the product cut before, or neither.
/// What the tail holds is read before the first store, which might change it as far as the compiler knows.
INLINED void finish_bytes(const deixis_tile_s8 *t, const vi (*sum)[TILE_VECTORS], const int mr, const bool residual) {
    const deixis_tail_s8 q = *t->tail;
    const float *multiplier = t->multiplier, *cut_low = t->cut_low, *cut_high = t->cut_high;
    const uint8_t *r = t->residual;
    uint8_t *c = t->c;
    const ptrdiff_t ldr = t->ldr, ldc = t->ldc;
    UNROLLED for (int i = 0; i < mr; i++, c += ldc) {
        vi x[TILE_VECTORS];
        UNROLLED for (int j = 0; j < TILE_VECTORS; j++) {
            vf v = __builtin_convertvector(sum[i][j], vf) * v_load(multiplier + j * LANES);
            if (residual) {
                v = v_min(v_max(v, v_load(cut_low + j * LANES)), v_load(cut_high + j * LANES));
                v = v +
                    __builtin_convertvector(v_widen_n(r + i * ldr + j * LANES, LANES) - q.residual_zero, vf) *
                        v_set(q.residual_scale);
            }
            x[j] = v_round(v);
        }
        v_narrow_row(c, x, &q);
    }
}

/// Asks for the residual that finish_rows reads.
__attribute__((noinline)) static void fetch_rows(const deixis_tile_s8 *t, const int mr) {
    const ptrdiff_t size = t->tail->residual_type == DEIXIS_S8_F32 ? 4 : 1, length = (ptrdiff_t)t->columns * size;
    for (int i = 0; i < mr; i++) {
        for (ptrdiff_t at = 0; at < length; at += 64)
            __builtin_prefetch((const char *)t->residual + i * t->ldr * size + at);
    }
}

INLINED void tile(const deixis_tile_s8 *t, const int mr, const int nv) {
    vi sum[TILE_ROWS][TILE_VECTORS];
    const int8_t *b = t->b;
    UNROLLED for (int j = 0; j < nv; j++) {
        const size_t n = j == nv - 1 ? t->columns - (size_t)(nv - 1) * LANES : LANES;
        sum[0][j] = (vi)v_load_n((const float *)t->offset + j * LANES, n);
#ifdef SIGNED_A
        sum[0][j] += (vi)v_load((const float *)(const void *)b + j * LANES);
#endif
        UNROLLED for (int i = 1; i < mr; i++) sum[i][j] = sum[0][j];
    }
#ifdef SIGNED_A
    b += TILE_VECTORS * LANES * 4;
#endif
    const bool whole = nv == TILE_VECTORS && t->columns == TILE_VECTORS * LANES && t->tail->bounded;
    if (whole) {
        // What is read and written at the end.
        UNROLLED for (int i = 0; i < mr; i++) __builtin_prefetch((char *)t->c + i * t->ldc, 1);
        if (t->residual)
            UNROLLED for (int i = 0; i < mr; i++) __builtin_prefetch((const char *)t->residual + i * t->ldr);
    } else if (t->residual) {
        fetch_rows(t, mr);
    }
    const uint8_t *const *rows = t->rows;
    const size_t steps = deixis_steps_s8(t->depth), last = t->depth - 4;
    for (size_t tap = t->taps; tap > 0; tap--, rows += t->row_step) {
        const uint8_t *a[TILE_ROWS];
        UNROLLED for (int i = 0; i < mr; i++) a[i] = rows[i];
        size_t at = 0;
        for (size_t step = steps; step > 0; step--, b += TILE_VECTORS * LANES * 4) {
            vi y[TILE_VECTORS];
            UNROLLED for (int j = 0; j < nv; j++) y[j] = (vi)v_load((const float *)(const void *)b + j * LANES);
            UNROLLED for (int i = 0; i < mr; i++) {
                int32_t word;
                __builtin_memcpy(&word, a[i] + at, 4);
#ifdef SIGNED_A
                word ^= (int32_t)0x80808080;
#endif
                const vi x = (vi)(word);
                UNROLLED for (int j = 0; j < nv; j++) sum[i][j] = v_dot(sum[i][j], x, y[j]);
            }
            at = at + 4 < last ? at + 4 : last;
        }
    }
    if (whole && !t->tail->scaled && t->tail->residual_type != DEIXIS_S8_F32) {
        if (t->tail->residual_type) {
            finish_bytes(t, sum, mr, true);
            return;
        }
        if (!t->tail->cut) {
            finish_bytes(t, sum, mr, false);
            return;
        }
    }
    vi kept[TILE_ROWS * TILE_VECTORS];
    UNROLLED for (int i = 0; i < mr; i++) {
        UNROLLED for (int j = 0; j < nv; j++) kept[i * nv + j] = sum[i][j];
    }
    finish_rows(t, kept, mr, nv);
}

#ifdef INTERLEAVE
_Static_assert(TILE_VECTORS * LANES == DEIXIS_ROWS_S8_COLUMNS, "v_interleave takes the columns of one panel");

/// From sums in memory to what is stored; one copy for all numbers of rows, for few results come of many products.
__attribute__((noinline)) static void end_rows(const deixis_rows_s8 *part, const int mr) {
    const deixis_tile_s8 *t = &part->tile;
    for (int i = 0; i < mr; i++) {
        vi sum[TILE_VECTORS];
        UNROLLED for (int j = 0; j < TILE_VECTORS; j++) {
            sum[j] = (vi)v_load((const float *)(const void *)part->sums + i * DEIXIS_ROWS_S8_COLUMNS + j * LANES);
        }
        v_in_order(sum);
        UNROLLED for (int j = 0; j < TILE_VECTORS; j++) {
            const ptrdiff_t left = (ptrdiff_t)t->columns - j * LANES;
            sum[j] += (vi)v_load_n((const float *)t->offset + j * LANES,
                left < 0           ? 0
                    : left < LANES ? (size_t)left
                                   : LANES);
        }
        finish(t, i, sum, (int)((t->columns + LANES - 1) / LANES));
    }
}

/// A panel of B as it stands, or some of its rows. The sums get their offsets at the end, when they are in order.
INLINED void rows(const deixis_rows_s8 *part, const int mr) {
    const deixis_tile_s8 *t = &part->tile;
    vi sum[TILE_ROWS][TILE_VECTORS];
    const float *before = (const float *)(const void *)part->sums;
    UNROLLED for (int i = 0; i < mr; i++) {
        UNROLLED for (int j = 0; j < TILE_VECTORS; j++) sum[i][j] =
            part->first ? (vi)(0) : (vi)v_load(before + i * DEIXIS_ROWS_S8_COLUMNS + j * LANES);
    }
    const __mmask64 columns = t->columns == 64 ? ~(__mmask64)0 : ((__mmask64)1 << t->columns) - 1;
    const uint8_t *a[TILE_ROWS];
    UNROLLED for (int i = 0; i < mr; i++) a[i] = t->rows[i];
    const int8_t *b = t->b;
    const ptrdiff_t row = part->b_row;
    deixis_ahead_s8 ahead = {0};
    if (part->ahead) ahead = *part->ahead;
    for (size_t k = 0; k < t->depth; k += 4, b += 4 * row) {
        if (ahead.at) {
            UNROLLED for (int i = 0; i < 4; i++) {
                __builtin_prefetch(ahead.at, 0, 2);
                ahead.at += 64;
                if (ahead.at < ahead.end) continue;
                ahead.at += ahead.skip;
                ahead.end += ahead.row;
            }
        }
        vi y[TILE_VECTORS];
        v_interleave(b, row, columns, y);
        UNROLLED for (int i = 0; i < mr; i++) {
            int32_t word;
            __builtin_memcpy(&word, a[i] + k, 4);
            const vi x = (vi)(word);
            UNROLLED for (int j = 0; j < TILE_VECTORS; j++) sum[i][j] = v_dot(sum[i][j], x, y[j]);
        }
    }
    if (part->ahead) *part->ahead = ahead;
    float *after = (float *)(void *)part->sums;
    UNROLLED for (int i = 0; i < mr; i++) {
        UNROLLED for (int j = 0; j < TILE_VECTORS; j++)
            v_store(after + i * DEIXIS_ROWS_S8_COLUMNS + j * LANES, (vf)sum[i][j]);
    }
    if (part->last) end_rows(part, mr);
}
#define ROWS(mr) static void rows_##mr(const deixis_rows_s8 *part) { rows(part, mr); }
#else
#define ROWS(mr)
#endif

#define TILE(mr, nv) static void tile_##mr##x##nv(const deixis_tile_s8 *t) { tile(t, mr, nv); }
#define ROW(mr) TILE(mr, 1) TILE(mr, 2) TILE(mr, 3) TILE(mr, 4) ROWS(mr)
ROW(1) ROW(2) ROW(3) ROW(4) ROW(5) ROW(6)
/// Only functions that stand in the table are compiled.
#define NAME(mr, nv) (mr <= TILE_ROWS && nv <= TILE_VECTORS ? tile_##mr##x##nv : NULL)
#define NAMES(mr) {NAME(mr, 1), NAME(mr, 2), NAME(mr, 3), NAME(mr, 4)}
#define ROWS_NAME(mr) (mr <= TILE_ROWS ? rows_##mr : NULL)

const deixis_tiles_s8 VARIANT_NAME(deixis_gemm_s8_tiles) = {
    .run = {NAMES(1), NAMES(2), NAMES(3), NAMES(4), NAMES(5), NAMES(6)},
#ifdef INTERLEAVE
    .rows = {ROWS_NAME(1), ROWS_NAME(2), ROWS_NAME(3), ROWS_NAME(4), ROWS_NAME(5), ROWS_NAME(6)},
#endif
    .lanes = LANES,
#ifdef SIGNED_A
    .signed_a = true,
#endif
};
