// Resizing rows and columns of NHWC images by tables that the caller makes once per shape (all of ONNX's coordinate
// rules fit).
//
//     y[b, oy, ox, c] = (1 - fy) ((1 - fx) x[b, y0, x0, c] + fx x[b, y0, x1, c]) + fy ((1 - fx) x[b, y1, x0, c] + fx x[b, y1, x1, c])
// with (y0, y1, fy) = rows[oy] and (x0, x1, fx) = columns[ox]. Nearest: both indexes equal and weight 0; then x is
// copied bit for bit.
#pragma once

#include <stddef.h>
#include <stdint.h>

typedef struct deixis_resize_tap {
    uint32_t low, high;     // source indexes, inside the image
    float weight;           // of `high`, in 0...1
} deixis_resize_tap;

typedef struct deixis_resize_f32_shape {
    size_t batch, in_h, in_w, channels;
    size_t out_h, out_w;
    size_t x_stride, y_stride;              // floats from one pixel to the next
    const deixis_resize_tap *rows;          // out_h
    const deixis_resize_tap *columns;       // out_w
} deixis_resize_f32_shape;

typedef struct deixis_resize_f32 {
    const char *name;
    uint32_t isa;
    /// Output rows [row_begin, row_end) of batch out_h. |y - exact| <= 2^-21 max |x| of the four.
    void (*run)(const deixis_resize_f32_shape *shape, const float *x, float *y, size_t row_begin, size_t row_end);
} deixis_resize_f32;

const deixis_resize_f32 *deixis_resize_f32_variants(size_t *count);
const deixis_resize_f32 *deixis_resize_f32_select(uint32_t isa);
