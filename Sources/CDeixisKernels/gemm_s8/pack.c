#include "gemm_s8/tile.h"

#include <string.h>

/// The four bytes of step `step` of one column and tap.
static inline void pack_step(const int8_t *column, const deixis_strides_s8 *s, size_t depth, size_t step, int8_t *to) {
    const size_t first = step * 4;
    if (first + 4 <= depth && first + 4 <= s->inner) {
        for (size_t i = 0; i < 4; i++) to[i] = column[(ptrdiff_t)(first + i) * s->row];
        return;
    }
    int8_t bytes[4] = {0};
    for (size_t k = first; k < depth && k < first + 4; k++) {
        bytes[deixis_place_s8(depth, k) % 4] =
            column[(ptrdiff_t)(k / s->inner) * s->outer_stride + (ptrdiff_t)(k % s->inner) * s->row];
    }
    memcpy(to, bytes, 4);
}

typedef int8_t bytes_16 __attribute__((ext_vector_type(16)));
typedef int16_t pairs_8 __attribute__((ext_vector_type(8)));

/// Sixteen words of a byte from each of four rows.
static inline void interleave(const int8_t *a, const int8_t *b, const int8_t *c, const int8_t *d, int8_t *to) {
    bytes_16 row[4];
    memcpy(&row[0], a, 16);
    memcpy(&row[1], b, 16);
    memcpy(&row[2], c, 16);
    memcpy(&row[3], d, 16);
#define LOW(x, y) __builtin_shufflevector(x, y, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
#define HIGH(x, y) __builtin_shufflevector(x, y, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
    const pairs_8 ab[2] = {(pairs_8)LOW(row[0], row[1]), (pairs_8)HIGH(row[0], row[1])};
    const pairs_8 cd[2] = {(pairs_8)LOW(row[2], row[3]), (pairs_8)HIGH(row[2], row[3])};
#undef LOW
#undef HIGH
    for (int half = 0; half < 2; half++) {
        const pairs_8 low = __builtin_shufflevector(ab[half], cd[half], 0, 8, 1, 9, 2, 10, 3, 11);
        const pairs_8 high = __builtin_shufflevector(ab[half], cd[half], 4, 12, 5, 13, 6, 14, 7, 15);
        memcpy(to + 32 * half, &low, 16);
        memcpy(to + 32 * half + 16, &high, 16);
    }
}

/// The whole words of a tap where B is contiguous along k or along its columns. Returns how many of `depth` that were:
/// all but the last depth % 4, or none.
static size_t pack_words(
    const int8_t *from, deixis_strides_s8 strides, size_t depth, size_t columns, size_t nr, int8_t *to) {
    const size_t whole = depth / 4 * 4;
    if (strides.row == 1) {
        for (size_t k0 = 0; k0 < whole; k0 += 64) {
            const size_t k1 = whole - k0 < 64 ? whole : k0 + 64;
            for (size_t j = 0; j < columns; j++) {
                const int8_t *column = from + (ptrdiff_t)j * strides.column;
                for (size_t k = k0; k < k1; k += 4) memcpy(to + k * nr + 4 * j, column + k, 4);
            }
        }
        return whole;
    }
    if (strides.column != 1) return 0;
    for (size_t k = 0; k < whole; k += 4) {
        const int8_t *a = from + (ptrdiff_t)k * strides.row, *b = a + strides.row, *c = b + strides.row,
                     *d = c + strides.row;
        int8_t *word = to + k * nr;
        size_t j = 0;
        for (; j + 16 <= columns; j += 16, word += 64) interleave(a + j, b + j, c + j, d + j, word);
        for (; j < columns; j++, word += 4) {
            word[0] = a[j];
            word[1] = b[j];
            word[2] = c[j];
            word[3] = d[j];
        }
    }
    return whole;
}

void deixis_pack_panel_s8(const deixis_gemm_s8 *kernel, const int8_t *from, deixis_strides_s8 strides, size_t taps,
    size_t depth, size_t columns, int8_t *to) {
    const size_t nr = kernel->nr, head = deixis_head_s8(kernel), steps = deixis_steps_s8(depth);
    int8_t *packed = to + head;
    if (columns < nr) memset(packed, 0, taps * steps * 4 * nr);
    for (size_t t = 0; t < taps; t++) {
        const size_t whole = strides.inner < depth
            ? 0
            : pack_words(from + (ptrdiff_t)t * strides.tap, strides, depth, columns, nr, packed + t * steps * 4 * nr) /
                4;
        // Eight steps at a time: the lines written, 2 KiB at 64 columns, stay in the L1 cache until they are full.
        for (size_t begin = whole; begin < steps; begin += 8) {
            const size_t end = begin + 8 < steps ? begin + 8 : steps;
            for (size_t j = 0; j < columns; j++) {
                const int8_t *column = from + (ptrdiff_t)j * strides.column + (ptrdiff_t)t * strides.tap;
                for (size_t step = begin; step < end; step++)
                    pack_step(column, &strides, depth, step, packed + ((t * steps + step) * nr + j) * 4);
            }
        }
    }
    if (!head) return;
    int32_t *correction = (int32_t *)(void *)to;
    memset(to, 0, head);
    for (size_t step = 0; step < taps * steps; step++) {
        for (size_t j = 0; j < nr; j++) {
            const int8_t *b = packed + (step * nr + j) * 4;
            correction[j] += 128 * (b[0] + b[1] + b[2] + b[3]);
        }
    }
}

/// Rows of B in memory's order, four at a time, each spread over all panels: sequential reads, where panel after panel
/// would read a line of every row.
static void pack_rows(const deixis_gemm_s8 *kernel, const int8_t *b, ptrdiff_t row_stride, size_t k, size_t n,
    size_t panel_begin, size_t panel_end, int8_t *packed) {
    const size_t nr = kernel->nr, size = deixis_panel_s8(kernel, 1, k), whole = k / 4 * 4;
    const deixis_strides_s8 strides = {.column = 1, .row = row_stride, .inner = 4};
    for (size_t k0 = 0; k0 < k; k0 += 4) {
        for (size_t panel = panel_begin; panel < panel_end; panel++) {
            const size_t columns = n - panel * nr < nr ? n - panel * nr : nr;
            int8_t *to = packed + panel * size + k0 * nr;
            if (columns < nr) memset(to, 0, 4 * nr);
            const int8_t *from = b + (ptrdiff_t)k0 * row_stride + (ptrdiff_t)(panel * nr);
            if (k0 < whole) {
                pack_words(from, strides, 4, columns, nr, to);
                continue;
            }
            const deixis_strides_s8 rest = {.column = 1, .row = row_stride, .inner = k};
            for (size_t j = 0; j < columns; j++)
                pack_step(b + (ptrdiff_t)(panel * nr + j), &rest, k, k0 / 4, to + 4 * j);
        }
    }
}

size_t deixis_gemm_s8_panels(const deixis_gemm_s8 *kernel, size_t n) { return (n + kernel->nr - 1) / kernel->nr; }

size_t deixis_gemm_s8_packed_size(const deixis_gemm_s8 *kernel, size_t k, size_t n) {
    return deixis_gemm_s8_panels(kernel, n) * deixis_panel_s8(kernel, 1, k);
}

void deixis_gemm_s8_pack(const deixis_gemm_s8 *kernel, const int8_t *b, ptrdiff_t row_stride, ptrdiff_t column_stride,
    size_t k, size_t n, size_t panel_begin, size_t panel_end, int8_t *packed) {
    const size_t nr = kernel->nr;
    const deixis_strides_s8 strides = {.column = column_stride, .row = row_stride, .inner = k};
    if (column_stride == 1 && !deixis_head_s8(kernel) && k >= 4) {
        pack_rows(kernel, b, row_stride, k, n, panel_begin, panel_end, packed);
        return;
    }
    for (size_t panel = panel_begin; panel < panel_end; panel++) {
        const size_t columns = n - panel * nr < nr ? n - panel * nr : nr;
        deixis_pack_panel_s8(kernel, b + (ptrdiff_t)(panel * nr) * column_stride, strides, 1, k, columns,
            packed + panel * deixis_panel_s8(kernel, 1, k));
    }
}

/// Sums of bytes stay inside 16 bits for so many of them.
enum { safe = 255 };

static inline pairs_8 widened(const int8_t *p) {
    typedef int8_t bytes_8 __attribute__((ext_vector_type(8)));
    bytes_8 x;
    memcpy(&x, p, sizeof x);
    return __builtin_convertvector(x, pairs_8);
}

/// The columns of a B whose rows are contiguous, in memory's order.
static void sum_columns(const int8_t *b, ptrdiff_t row_stride, size_t k, size_t columns, int32_t *sums) {
    enum { most = 512 };
    int16_t part[most];
    for (size_t j = 0; j < columns; j += most) {
        const size_t width = columns - j < most ? columns - j : most;
        for (size_t i = 0; i < width; i++) sums[j + i] = 0;
        for (size_t k0 = 0; k0 < k; k0 += safe) {
            const size_t k1 = k - k0 < safe ? k : k0 + safe;
            memset(part, 0, width * sizeof *part);
            for (size_t x = k0; x < k1; x++) {
                const int8_t *row = b + (ptrdiff_t)x * row_stride + (ptrdiff_t)j;
                size_t i = 0;
                for (; i + 8 <= width; i += 8) {
                    pairs_8 sum;
                    memcpy(&sum, part + i, sizeof sum);
                    sum += widened(row + i);
                    memcpy(part + i, &sum, sizeof sum);
                }
                for (; i < width; i++) part[i] = (int16_t)(part[i] + row[i]);
            }
            for (size_t i = 0; i < width; i++) sums[j + i] += part[i];
        }
    }
}

static int32_t sum_bytes(const int8_t *p, size_t count) {
    int32_t sum = 0;
    while (count >= 8) {
        pairs_8 part = (pairs_8)(0);
        size_t steps = count / 8 < safe ? count / 8 : safe;
        count -= steps * 8;
        for (; steps > 0; steps--, p += 8) part += widened(p);
        for (int i = 0; i < 8; i++) sum += part[i];
    }
    for (size_t i = 0; i < count; i++) sum += p[i];
    return sum;
}

void deixis_gemm_s8_sums(
    const int8_t *b, ptrdiff_t row_stride, ptrdiff_t column_stride, size_t k, size_t begin, size_t end, int32_t *sums) {
    if (column_stride == 1) {
        sum_columns(b + begin, row_stride, k, end - begin, sums + begin);
        return;
    }
    for (size_t j = begin; j < end; j++) {
        const int8_t *column = b + (ptrdiff_t)j * column_stride;
        if (row_stride == 1) {
            sums[j] = sum_bytes(column, k);
            continue;
        }
        sums[j] = 0;
        for (size_t i = 0; i < k; i++) sums[j] += column[(ptrdiff_t)i * row_stride];
    }
}
