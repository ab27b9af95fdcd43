// Softmax over rows.    y_i = e^(x_i - max x) / sum over j of e^(x_j - max x)       log: y_i = x_i - max x - log(sum
// ...)
//
// Relative error at most 2^-23 (8 + |x_i - max x|) (the difference itself is rounded), below 2^-126 absolute; of log
// absolute 2^-20 (1 + |y|). A row with NaN or +infinity, or of -infinity only, is all NaN (softmax) as the formula
// gives.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct deixis_softmax_f32 {
    const char *name;
    uint32_t isa;
    /// Rows start at x + r * x_row and y + r * y_row and hold `count` values; y may be x.
    void (*run)(bool log, const float *x, ptrdiff_t x_row, float *y, ptrdiff_t y_row, size_t rows, size_t count);
} deixis_softmax_f32;

const deixis_softmax_f32 *deixis_softmax_f32_variants(size_t *count);
const deixis_softmax_f32 *deixis_softmax_f32_select(uint32_t isa);
