// Copies a strided array into a dense one: transposes, slices with steps, broadcasts. Exact, for elements of 1, 2, 4 or
// 8 bytes.
//
//     y[i0, i1, ..., ir-1] = x[i0 s0 + i1 s1 + ... + ir-1 sr-1],   y dense and row-major with extents d0 ... dr-1
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { DEIXIS_TRANSPOSE_MAX_RANK = 8 };

typedef struct deixis_transpose_shape {
    size_t rank;                                        // 0 ... 8
    size_t element;                                     // bytes: 1, 2, 4 or 8
    size_t extents[DEIXIS_TRANSPOSE_MAX_RANK];          // of y
    ptrdiff_t
        strides[DEIXIS_TRANSPOSE_MAX_RANK]; // of x along y's axes, in elements; 0 repeats, negative runs backwards
} deixis_transpose_shape;

typedef struct deixis_transpose {
    const char *name;
    uint32_t isa;
    /// Slices [begin, end) along y's first axis (ranks 0: begin 0, end 1). x and y are the arrays' starts.
    void (*run)(const deixis_transpose_shape *shape, const void *x, void *y, size_t begin, size_t end);
} deixis_transpose;

const deixis_transpose *deixis_transpose_variants(size_t *count);
const deixis_transpose *deixis_transpose_select(uint32_t isa);
