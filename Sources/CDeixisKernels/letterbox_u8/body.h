// Rows: a 128-bit lane of a vector sums red, green, blue and a fourth nobody reads of one picture row; some rows at a
// time share weights. Columns: vectors along the rows.

#include "letterbox_u8/weights.h"

#include <stdbool.h>
#include <string.h>

#define UNROLLED _Pragma("clang loop unroll(full)")
#define INLINE static inline __attribute__((always_inline))

enum {
    LANE_ROWS = LANES / 4,
    GROUP_VECTORS = LANES == 4 ? 4 : 2,
    GROUP = LANE_ROWS * GROUP_VECTORS,
    STEP_BYTES = 16,            // read for four taps
    EDGE_BYTES = 1024,
};

/// Four weights.
typedef struct four { int32_t low01, low23, high01, high23; } four;

#if LANES > 4
#if LANES == 16
typedef __m512i raw;
#define RAW(name) _mm512_##name
INLINE raw spread(int32_t word) { return _mm512_set1_epi32(word); }
INLINE raw widened(const uint8_t *x) { return _mm512_cvtepu8_epi16(_mm256_loadu_si256((const __m256i *)x)); }
INLINE raw lanes_at(const uint8_t *const *rows, size_t at) {
    __m512i x = _mm512_castsi128_si512(_mm_loadu_si128((const __m128i *)(rows[0] + at)));
    x = _mm512_inserti32x4(x, _mm_loadu_si128((const __m128i *)(rows[1] + at)), 1);
    x = _mm512_inserti32x4(x, _mm_loadu_si128((const __m128i *)(rows[2] + at)), 2);
    return _mm512_inserti32x4(x, _mm_loadu_si128((const __m128i *)(rows[3] + at)), 3);
}
INLINE raw everywhere(__m128i x) { return _mm512_broadcast_i32x4(x); }
INLINE void store_bytes(uint8_t *y, raw first, raw second) {
    const raw words = _mm512_max_epi16(_mm512_packs_epi32(first, second), _mm512_setzero_si512());
    _mm256_storeu_si256((__m256i *)y, _mm512_cvtusepi16_epi8(words));
}
#else
typedef __m256i raw;
#define RAW(name) _mm256_##name
INLINE raw spread(int32_t word) { return _mm256_set1_epi32(word); }
INLINE raw widened(const uint8_t *x) { return _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)x)); }
INLINE raw lanes_at(const uint8_t *const *rows, size_t at) {
    return _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)(rows[0] + at))),
                                   _mm_loadu_si128((const __m128i *)(rows[1] + at)), 1);
}
INLINE raw everywhere(__m128i x) { return _mm256_broadcastsi128_si256(x); }
INLINE void store_bytes(uint8_t *y, raw first, raw second) {
    const raw words = _mm256_packs_epi32(first, second);
    _mm_storeu_si128(
        (__m128i *)y, _mm256_castsi256_si128(_mm256_permute4x64_epi64(_mm256_packus_epi16(words, words), 0x08)));
}
#endif

INLINE vi add_pairs(vi sum, raw x, raw w) { return sum + (vi)RAW(madd_epi16)(x, w); }

/// Four taps of the rows of one vector.
INLINE void add_taps(vi *low, vi *high, const uint8_t *const *rows, size_t at, four w) {
    const raw first = everywhere(_mm_setr_epi8(0, -1, 3, -1, 1, -1, 4, -1, 2, -1, 5, -1, -1, -1, -1, -1));
    const raw second = everywhere(_mm_setr_epi8(6, -1, 9, -1, 7, -1, 10, -1, 8, -1, 11, -1, -1, -1, -1, -1));
    const raw x = lanes_at(rows, at), x01 = RAW(shuffle_epi8)(x, first), x23 = RAW(shuffle_epi8)(x, second);
    *low = add_pairs(*low, x01, spread(w.low01));
    *high = add_pairs(*high, x01, spread(w.high01));
    *low = add_pairs(*low, x23, spread(w.low23));
    *high = add_pairs(*high, x23, spread(w.high23));
}
#else
typedef uint8_t four_bytes __attribute__((ext_vector_type(4)));

INLINE void add_tap(vi *low, vi *high, const uint8_t *x, int32_t both_low, int32_t both_high, int shift) {
    four_bytes bytes;
    memcpy(&bytes, x, 4);
    const vi wide = __builtin_convertvector(bytes, vi);
    *low += wide * (int16_t)(both_low >> shift);
    *high += wide * (int16_t)(both_high >> shift);
}
INLINE void add_taps(vi *low, vi *high, const uint8_t *const *rows, size_t at, four w) {
    add_tap(low, high, rows[0] + at, w.low01, w.high01, 0);
    add_tap(low, high, rows[0] + at + 3, w.low01, w.high01, 16);
    add_tap(low, high, rows[0] + at + 6, w.low23, w.high23, 0);
    add_tap(low, high, rows[0] + at + 9, w.low23, w.high23, 16);
}
#endif

INLINE vi rounded(vi low, vi high) {
    return ((high << letterbox_low_bits) + low + (1 << (letterbox_bits - 1))) >> letterbox_bits;
}

/// One output pixel of GROUP rows, whose taps begin at `at` of each; `last`: nothing may be written after it.
INLINE void pixel(
    const uint8_t *const *rows, size_t at, const int16_t *weights, size_t steps, uint8_t *y, size_t y_row, bool last) {
    typedef uint8_t bytes __attribute__((ext_vector_type(LANES)));
    vi low[GROUP_VECTORS] = {0}, high[GROUP_VECTORS] = {0};
    for (size_t s = 0; s < steps; s++) {
        four w;
        memcpy(&w, weights + 8 * s, sizeof w);
        UNROLLED for (int v = 0; v < GROUP_VECTORS; v++)
            add_taps(&low[v], &high[v], rows + v * LANE_ROWS, at + 12 * s, w);
    }
    UNROLLED for (int v = 0; v < GROUP_VECTORS; v++) {
        const vi value =
            __builtin_elementwise_min(__builtin_elementwise_max(rounded(low[v], high[v]), (vi)(0)), (vi)(255));
        const bytes out = __builtin_convertvector(value, bytes);
        uint8_t all[LANES];
        memcpy(all, &out, sizeof all);
        UNROLLED for (int r = 0; r < LANE_ROWS; r++)
            memcpy(y + (size_t)(v * LANE_ROWS + r) * y_row, all + 4 * r, last ? 3 : 4);
    }
}

void VARIANT_NAME(deixis_letterbox_u8_rows)(const deixis_letterbox_axis *axis, const uint8_t *x, size_t x_row,
    uint8_t *y, size_t y_row, size_t row_begin, size_t row_end) {
    const size_t end = axis->input * 3;
    size_t row = row_begin;
    for (; row + GROUP <= row_end; row += GROUP) {
        const uint8_t *rows[GROUP];
        for (size_t r = 0; r < GROUP; r++) rows[r] = x + (row + r) * x_row;
        uint8_t *to = y + row * y_row;
        for (size_t i = 0; i < axis->output; i++) {
            const int16_t *weights = axis->weights + i * axis->taps * 2;
            const size_t at = (size_t)axis->first[i] * 3, steps = (axis->count[i] + 3) / 4,
                         read = (steps - 1) * 12 + STEP_BYTES;
            const bool last = i + 1 == axis->output;
            if (at + read <= end) {
                pixel(rows, at, weights, steps, to + i * 3, y_row, last);
            } else if (read <= EDGE_BYTES) {
                // At the right side: copies that end in zeros.
                uint8_t edge[GROUP][EDGE_BYTES];
                const uint8_t *copies[GROUP];
                for (size_t r = 0; r < GROUP; r++) {
                    memcpy(edge[r], rows[r] + at, end - at);
                    memset(edge[r] + (end - at), 0, read - (end - at));
                    copies[r] = edge[r];
                }
                pixel(copies, 0, weights, steps, to + i * 3, y_row, last);
            } else {
                for (size_t r = 0; r < GROUP; r++) {
                    for (size_t c = 0; c < 3; c++) to[r * y_row + i * 3 + c] = letterbox_sum(axis, i, rows[r] + c, 3);
                }
            }
        }
    }
    for (; row < row_end; row++) {
        for (size_t i = 0; i < axis->output; i++) {
            for (size_t c = 0; c < 3; c++) y[row * y_row + i * 3 + c] = letterbox_sum(axis, i, x + row * x_row + c, 3);
        }
    }
}

#if LANES > 4
enum { WIDTH = 2 * LANES };

/// WIDTH bytes of one output row.
INLINE void column(const uint8_t *x, size_t x_row, const int16_t *weights, size_t count, uint8_t *y) {
    vi low[2] = {0}, high[2] = {0};
    for (size_t k = 0; k < count; k += 2) {
        const int16_t *at = weights + k / 4 * 8 + k % 4;
        int32_t w_low, w_high;
        memcpy(&w_low, at, 4);
        memcpy(&w_high, at + 4, 4);
        const uint8_t *row = x + k * x_row;
        const raw a = widened(row), b = widened(k + 1 < count ? row + x_row : row);
        const raw first = RAW(unpacklo_epi16)(a, b), second = RAW(unpackhi_epi16)(a, b);
        low[0] = add_pairs(low[0], first, spread(w_low));
        high[0] = add_pairs(high[0], first, spread(w_high));
        low[1] = add_pairs(low[1], second, spread(w_low));
        high[1] = add_pairs(high[1], second, spread(w_high));
    }
    store_bytes(y, (raw)rounded(low[0], high[0]), (raw)rounded(low[1], high[1]));
}
#else
enum { WIDTH = 16 };

INLINE void column(const uint8_t *x, size_t x_row, const int16_t *weights, size_t count, uint8_t *y) {
    typedef uint8_t bytes __attribute__((ext_vector_type(WIDTH)));
    typedef int32_t sums __attribute__((ext_vector_type(WIDTH)));
    sums low = 0, high = 0;
    for (size_t k = 0; k < count; k++) {
        bytes row;
        memcpy(&row, x + k * x_row, sizeof row);
        const sums wide = __builtin_convertvector(row, sums);
        const int16_t *at = weights + k / 4 * 8 + k % 4;
        low += wide * (int32_t)at[0];
        high += wide * (int32_t)at[4];
    }
    sums value = ((high << letterbox_low_bits) + low + (1 << (letterbox_bits - 1))) >> letterbox_bits;
    value = __builtin_elementwise_min(__builtin_elementwise_max(value, (sums)(0)), (sums)(255));
    const bytes out = __builtin_convertvector(value, bytes);
    memcpy(y, &out, sizeof out);
}
#endif

void VARIANT_NAME(deixis_letterbox_u8_columns)(const deixis_letterbox_axis *axis, const uint8_t *x, size_t x_row,
    uint8_t *y, size_t y_row, size_t bytes, size_t row_begin, size_t row_end) {
    for (size_t row = row_begin; row < row_end; row++) {
        const uint8_t *from = x + axis->first[row] * x_row;
        uint8_t *to = y + row * y_row;
        if (bytes < WIDTH) {
            for (size_t j = 0; j < bytes; j++) to[j] = letterbox_sum(axis, row, x + j, x_row);
            continue;
        }
        for (size_t j = 0; j < bytes; j += WIDTH) {
            // The last one ends with the row.
            if (j + WIDTH > bytes) j = bytes - WIDTH;
            column(from + j, x_row, axis->weights + row * axis->taps * 2, axis->count[row], to + j);
        }
    }
}
