// Residual sum, layer normalization over rows and quantization in one pass, with the same bits on every instruction
// set.
//
//     s = x + residual, each uint8 ((float)(q - zero) scale) or float32;   y_i = (s_i - mean s) f scale_i + shift_i,
//     f = 1 / sqrt(var s + epsilon), var s the mean of (s_i - mean s)^2
// Sums run in sixteen lanes (element i in lane i % 16, lanes added pairwise: i with i + 8, then 4, 2, 1), no operation
// is fused, so a row has one result everywhere. Output uint8 as in quantize_u8.h, or float32, or both; each may take
// the place of an input of its type and strides.
#pragma once

#include "gemm_s8.h"

typedef struct deixis_layernorm_u8_args {
    const void *x;
    int32_t x_type;             // DEIXIS_S8_U8 or _F32
    int32_t x_zero;
    float x_scale;
    ptrdiff_t x_row;
    const void *residual;       // or null
    int32_t residual_type, residual_zero;
    float residual_scale;
    ptrdiff_t residual_row;
    const float *scale;         // count values, or null for 1
    const float *shift;         // count values, or null for 0
    float epsilon;
    uint8_t *y;                 // or null
    float inverse_scale;
    int32_t zero;
    ptrdiff_t y_row;
    float *y_float;             // or null
    ptrdiff_t y_float_row;
    size_t count;
} deixis_layernorm_u8_args;

typedef struct deixis_layernorm_u8 {
    const char *name;
    uint32_t isa;
    /// Rows [row_begin, row_end); scratch holds `count` floats per thread.
    void (*run)(const deixis_layernorm_u8_args *args, size_t row_begin, size_t row_end, float *scratch);
} deixis_layernorm_u8;

const deixis_layernorm_u8 *deixis_layernorm_u8_variants(size_t *count);
const deixis_layernorm_u8 *deixis_layernorm_u8_select(uint32_t isa);
