// Quantized depthwise 2-D convolution, NHWC, one filter per channel (groups = in_c = out_c): conv_s8.h's sums for one
// input channel each.
//
//     s[b, oy, ox, c] = offset[c] + sum over ky, kx of x[b, oy sh - pt + ky dh, ox sw - pl + kx dw, c] w[ky, kx, c],
// x is `zero` outside the image; results by the requantization of gemm_s8.h, in every variant with the reference's
// bits. `weights` of deixis_conv_s8_args are [kernel_h][kernel_w][c]: transpose ONNX's [c][1][kernel_h][kernel_w].
// groups are not looked at.
#pragma once

#include "conv_s8.h"

typedef struct deixis_depthwise_s8 {
    const char *name;
    uint32_t isa;
    /// Output rows [row_begin, row_end) of batch out_h.
    void (*run)(const deixis_conv_f32_shape *shape, const deixis_conv_s8_args *args, size_t row_begin, size_t row_end);
} deixis_depthwise_s8;

const deixis_depthwise_s8 *deixis_depthwise_s8_variants(size_t *count);
const deixis_depthwise_s8 *deixis_depthwise_s8_select(uint32_t isa);
