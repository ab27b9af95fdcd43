// Depthwise 2-D convolution, NHWC, one filter per channel (groups = in_c = out_c).
//
//     y[b, oy, ox, c] = f( bias[c] + sum over ky, kx of x[b, oy sh - pt + ky dh, ox sw - pl + kx dw, c] w[ky, kx, c] )
// Weights are [kernel_h][kernel_w][c]: transpose ONNX's [c][1][kernel_h][kernel_w]. Uses deixis_conv_f32_shape;
// residual_stride and groups are not looked at. |y - exact| <= 2^-23 (kernel_h kernel_w + 2) (sum |x||w| + |bias|)
// before f.
#pragma once

#include "conv_f32.h"

typedef struct deixis_depthwise_f32 {
    const char *name;
    uint32_t isa;
    /// Output rows [row_begin, row_end) of batch out_h.
    void (*run)(const deixis_conv_f32_shape *shape, const float *x, const float *weights, const float *bias,
        deixis_activation activation, float *y, size_t row_begin, size_t row_end);
} deixis_depthwise_f32;

const deixis_depthwise_f32 *deixis_depthwise_f32_variants(size_t *count);
const deixis_depthwise_f32 *deixis_depthwise_f32_select(uint32_t isa);
