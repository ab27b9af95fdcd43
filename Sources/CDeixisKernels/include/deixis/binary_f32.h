// Elementwise y = a op b over rows, with broadcasting by strides.
#pragma once

#include <stddef.h>
#include <stdint.h>

enum deixis_binary {
    DEIXIS_BINARY_ADD = 0,
    DEIXIS_BINARY_SUBTRACT = 1,
    DEIXIS_BINARY_MULTIPLY = 2,
    DEIXIS_BINARY_DIVIDE = 3,
    DEIXIS_BINARY_MIN = 4,      // NaN when either is NaN
    DEIXIS_BINARY_MAX = 5,      // NaN when either is NaN
    DEIXIS_BINARY_POWER = 6,    // libm powf, element by element
    DEIXIS_BINARY_PRELU = 7,    // a < 0 ? a b : a
};

typedef struct deixis_binary_f32 {
    const char *name;
    uint32_t isa;
    /// y[r * y_row + i] = a[r * a_row + i * a_step] op b[r * b_row + i * b_step] for r in [0, rows), i in [0, count).
    /// Steps are 0 (one value for the row) or 1; row strides are free, 0 repeats a row. y may be a or b where strides
    /// agree. Equal to the reference bit for bit (any NaN counts as equal to any NaN; a zero's sign is free in MIN and
    /// MAX).
    void (*run)(int32_t op, const float *a, ptrdiff_t a_row, size_t a_step, const float *b, ptrdiff_t b_row,
        size_t b_step, float *y, ptrdiff_t y_row, size_t rows, size_t count);
} deixis_binary_f32;

const deixis_binary_f32 *deixis_binary_f32_variants(size_t *count);
const deixis_binary_f32 *deixis_binary_f32_select(uint32_t isa);
