// Copies by the innermost axis, by 4 x 4 blocks of 4-byte elements where x runs along another axis than y, and by hand
// otherwise.

#include "deixis/transpose.h"

#include <stdbool.h>
#include <string.h>

typedef uint32_t v4 __attribute__((ext_vector_type(4)));

static inline v4 load(const uint32_t *p) {
    v4 x;
    memcpy(&x, p, sizeof x);
    return x;
}
static inline void store(uint32_t *p, v4 x) { memcpy(p, &x, sizeof x); }

/// y[i * y_row + j] = x[i + j * x_step] for i < rows, j < count, both multiples of 4.
static void blocks(const uint32_t *x, ptrdiff_t x_step, uint32_t *y, size_t y_row, size_t rows, size_t count) {
    // 16 columns at a time keep to 16 lines of x while rows pass.
    for (size_t j0 = 0; j0 < count; j0 += 16) {
        size_t j1 = count - j0 < 16 ? count : j0 + 16;
        for (size_t i = 0; i < rows; i += 4) {
            for (size_t j = j0; j < j1; j += 4) {
                const uint32_t *from = x + i + (ptrdiff_t)j * x_step;
                v4 a = load(from), b = load(from + x_step), c = load(from + 2 * x_step), d = load(from + 3 * x_step);
                v4 ab_low = __builtin_shufflevector(a, b, 0, 4, 1, 5),
                   ab_high = __builtin_shufflevector(a, b, 2, 6, 3, 7);
                v4 cd_low = __builtin_shufflevector(c, d, 0, 4, 1, 5),
                   cd_high = __builtin_shufflevector(c, d, 2, 6, 3, 7);
                uint32_t *to = y + i * y_row + j;
                store(to, __builtin_shufflevector(ab_low, cd_low, 0, 1, 4, 5));
                store(to + y_row, __builtin_shufflevector(ab_low, cd_low, 2, 3, 6, 7));
                store(to + 2 * y_row, __builtin_shufflevector(ab_high, cd_high, 0, 1, 4, 5));
                store(to + 3 * y_row, __builtin_shufflevector(ab_high, cd_high, 2, 3, 6, 7));
            }
        }
    }
}

#define COPY(type) \
    for (size_t i = 0; i < count; i++) { \
        type value; \
        memcpy(&value, (const char *)x + (ptrdiff_t)i * step * (ptrdiff_t)sizeof value, sizeof value); \
        memcpy((char *)y + i * sizeof value, &value, sizeof value); \
    }

/// One row of y.
static void copy_row(const void *x, ptrdiff_t step, void *y, size_t count, size_t element) {
    if (step == 1) {
        memcpy(y, x, count * element);
        return;
    }
    switch (element) {
    case 1: COPY(uint8_t) break;
    case 2: COPY(uint16_t) break;
    case 4: COPY(uint32_t) break;
    default: COPY(uint64_t) break;
    }
}

void deixis_transpose_v128(const deixis_transpose_shape *s, const void *x, void *y, size_t begin, size_t end) {
    size_t rank = s->rank, extents[DEIXIS_TRANSPOSE_MAX_RANK + 2];
    ptrdiff_t strides[DEIXIS_TRANSPOSE_MAX_RANK + 2];
    for (size_t i = 0; i < rank; i++) {
        extents[i] = s->extents[i];
        strides[i] = s->strides[i];
    }
    size_t slice = 1;
    for (size_t i = 1; i < rank; i++) slice *= extents[i];
    const size_t bytes = s->element;
    char *out = (char *)y + begin * slice * bytes;
    const char *in = (const char *)x;
    if (rank > 0) {
        in += (ptrdiff_t)begin * strides[0] * (ptrdiff_t)bytes;
        extents[0] = end - begin;
    }
    for (size_t i = 0; i < rank; i++) if (extents[i] == 0) return;
    // Axes that run on into each other are one axis; axes of extent 1 are none.
    size_t axes = 0;
    for (size_t i = 0; i < rank; i++) {
        if (extents[i] == 1) continue;
        if (axes > 0 && strides[axes - 1] == strides[i] * (ptrdiff_t)extents[i]) {
            extents[axes - 1] *= extents[i];
            strides[axes - 1] = strides[i];
        } else {
            extents[axes] = extents[i];
            strides[axes++] = strides[i];
        }
    }
    while (axes < 2) {
        for (size_t i = axes++; i > 0; i--) {
            extents[i] = extents[i - 1];
            strides[i] = strides[i - 1];
        }
        extents[0] = 1;
        strides[0] = 0;
        if (axes == 1) strides[0] = 1;
    }
    // `other` is the axis along which x is contiguous, if it is not the innermost one of y.
    const size_t inner = axes - 1, count = extents[inner];
    size_t other = axes;
    for (size_t i = 0; i < inner; i++) if (strides[i] == 1 && extents[i] >= 4) other = i;
    const bool blocked = bytes == 4 && other < axes && strides[inner] != 1 && count >= 4;

    size_t steps[DEIXIS_TRANSPOSE_MAX_RANK + 2];
    steps[inner] = 1;
    for (size_t i = inner; i-- > 0;) steps[i] = steps[i + 1] * extents[i + 1];

    size_t index[DEIXIS_TRANSPOSE_MAX_RANK + 2] = {0};
    for (;;) {
        ptrdiff_t from = 0;
        size_t to = 0;
        for (size_t i = 0; i < inner; i++) {
            from += (ptrdiff_t)index[i] * strides[i];
            to += index[i] * steps[i];
        }
        const char *row = in + from * (ptrdiff_t)bytes;
        char *target = out + to * bytes;
        if (!blocked) {
            copy_row(row, strides[inner], target, count, bytes);
        } else {
            // The whole plane (other, inner) at once.
            size_t rows = extents[other] - extents[other] % 4, columns = count - count % 4;
            blocks((const uint32_t *)(const void *)row, strides[inner], (uint32_t *)(void *)target, steps[other], rows,
                columns);
            for (size_t i = 0; i < extents[other]; i++) {
                size_t first = i < rows ? columns : 0;
                copy_row(row + ((ptrdiff_t)i + (ptrdiff_t)first * strides[inner]) * 4, strides[inner],
                    target + (i * steps[other] + first) * 4, count - first, 4);
            }
        }
        size_t axis = inner;
        while (axis-- > 0) {
            if (blocked && axis == other) continue;
            if (++index[axis] < extents[axis]) break;
            index[axis] = 0;
        }
        if (axis == SIZE_MAX) return;
    }
}
