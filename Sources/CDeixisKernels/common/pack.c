#include "common/pack.h"

typedef float v4 __attribute__((ext_vector_type(4)));

static inline v4 load(const float *p) {
    v4 x;
    __builtin_memcpy(&x, p, sizeof x);
    return x;
}
static inline void store(float *p, v4 x) { __builtin_memcpy(p, &x, sizeof x); }

/// A 4 x 4 block: four runs of memory become four columns.
static inline void transpose_block(const float *from, ptrdiff_t column_stride, size_t width, v4 scale, float *to) {
    v4 a = load(from), b = load(from + column_stride), c = load(from + 2 * column_stride),
       d = load(from + 3 * column_stride);
    v4 ab_low = __builtin_shufflevector(a, b, 0, 4, 1, 5), ab_high = __builtin_shufflevector(a, b, 2, 6, 3, 7);
    v4 cd_low = __builtin_shufflevector(c, d, 0, 4, 1, 5), cd_high = __builtin_shufflevector(c, d, 2, 6, 3, 7);
    store(to, scale * __builtin_shufflevector(ab_low, cd_low, 0, 1, 4, 5));
    store(to + width, scale * __builtin_shufflevector(ab_low, cd_low, 2, 3, 6, 7));
    store(to + 2 * width, scale * __builtin_shufflevector(ab_high, cd_high, 0, 1, 4, 5));
    store(to + 3 * width, scale * __builtin_shufflevector(ab_high, cd_high, 2, 3, 6, 7));
}

void deixis_pack_panel(const float *from, ptrdiff_t row_stride, ptrdiff_t column_stride, size_t k, size_t columns,
    size_t width, float scale, float *to) {
    size_t i = 0;
    if (row_stride == 1 && column_stride != 1) {
        size_t whole = columns - columns % 4;
        for (; i + 4 <= k; i += 4) {
            for (size_t j = 0; j < whole; j += 4) {
                transpose_block(
                    from + i + (ptrdiff_t)j * column_stride, column_stride, width, (v4)(scale), to + i * width + j);
            }
            for (size_t r = i; r < i + 4; r++) {
                for (size_t j = whole; j < columns; j++)
                    to[r * width + j] = scale * from[(ptrdiff_t)r + (ptrdiff_t)j * column_stride];
                for (size_t j = columns; j < width; j++) to[r * width + j] = 0;
            }
        }
    }
    for (; i < k; i++) {
        const float *row = from + (ptrdiff_t)i * row_stride;
        float *out = to + i * width;
        if (column_stride == 1) {
            for (size_t j = 0; j < columns; j++) out[j] = scale * row[j];
        } else {
            for (size_t j = 0; j < columns; j++) out[j] = scale * row[(ptrdiff_t)j * column_stride];
        }
        for (size_t j = columns; j < width; j++) out[j] = 0;
    }
}
