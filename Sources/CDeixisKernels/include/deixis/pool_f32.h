// Max and average pooling, NHWC.
//
//     max: y = max of x over the window inside the image, NaN if one of them is; -infinity when the window lies outside altogether.
//     average: y = (sum of x over the window inside the image) / divisor; divisor = how many of the window lie inside the image, or, with
//     count_padding, inside the image and its pads. Error of an average: 2^-23 (window + 1) mean |x|; max is exact.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct deixis_pool_f32_shape {
    size_t batch, in_h, in_w, channels;
    size_t out_h, out_w;
    size_t kernel_h, kernel_w;
    size_t stride_h, stride_w;
    size_t dilation_h, dilation_w;
    size_t pad_top, pad_left, pad_bottom, pad_right;
    size_t x_stride, y_stride;  // floats from one pixel to the next
    bool average;
    bool count_padding;
} deixis_pool_f32_shape;

typedef struct deixis_pool_f32 {
    const char *name;
    uint32_t isa;
    /// Output rows [row_begin, row_end) of batch out_h.
    void (*run)(const deixis_pool_f32_shape *shape, const float *x, float *y, size_t row_begin, size_t row_end);
} deixis_pool_f32;

const deixis_pool_f32 *deixis_pool_f32_variants(size_t *count);
const deixis_pool_f32 *deixis_pool_f32_select(uint32_t isa);
