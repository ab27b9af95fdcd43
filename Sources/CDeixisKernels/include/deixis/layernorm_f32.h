// Layer normalization over rows, with an optional sum in front.
//
//     s = x + residual;   y_i = (s_i - mean s) / sqrt(var s + epsilon) scale_i + shift_i,    var s = mean (s - mean s)^2
// The variance is taken around the mean (no E[s^2] - mean^2). With t = (s_i - mean) / sqrt(var + epsilon), s rounded to
// float:
// |y - exact| <= 2^-19 (|scale_i| (1 + |t|) + |shift_i|) for rows up to 2^16 whose mean is within 100 standard deviations. NaN and infinities
// make their whole row NaN.
#pragma once

#include <stddef.h>
#include <stdint.h>

typedef struct deixis_layernorm_f32_args {
    const float *x;
    ptrdiff_t x_row;
    const float *residual;      // or null
    ptrdiff_t residual_row;
    const float *scale;         // count values, or null for 1
    const float *shift;         // count values, or null for 0
    float *sum;                 // where s is written, or null; may be x or residual
    ptrdiff_t sum_row;
    float *y;                   // may be x, residual or sum
    ptrdiff_t y_row;
    size_t count;
    float epsilon;
} deixis_layernorm_f32_args;

typedef struct deixis_layernorm_f32 {
    const char *name;
    uint32_t isa;
    void (*run)(const deixis_layernorm_f32_args *args, size_t row_begin, size_t row_end);
} deixis_layernorm_f32;

const deixis_layernorm_f32 *deixis_layernorm_f32_variants(size_t *count);
const deixis_layernorm_f32 *deixis_layernorm_f32_select(uint32_t isa);
