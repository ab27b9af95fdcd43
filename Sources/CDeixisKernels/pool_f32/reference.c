#include "deixis/pool_f32.h"

#include <math.h>

/// One output value: image b, window with its first sample at (top, left), channel c.
static float window(const deixis_pool_f32_shape *s, const float *image, ptrdiff_t top, ptrdiff_t left, size_t c) {
    double sum = 0;
    float max = -INFINITY;
    size_t inside = 0, padded = 0;
    for (size_t ky = 0; ky < s->kernel_h; ky++) {
        for (size_t kx = 0; kx < s->kernel_w; kx++) {
            ptrdiff_t y = top + (ptrdiff_t)(ky * s->dilation_h), x = left + (ptrdiff_t)(kx * s->dilation_w);
            if (y >= (ptrdiff_t)(s->in_h + s->pad_bottom) || x >= (ptrdiff_t)(s->in_w + s->pad_right)) continue;
            padded++;
            if (y < 0 || x < 0 || y >= (ptrdiff_t)s->in_h || x >= (ptrdiff_t)s->in_w) continue;
            inside++;
            float value = image[((size_t)y * s->in_w + (size_t)x) * s->x_stride + c];
            sum += value;
            if (value > max || value != value) max = value;
        }
    }
    return s->average ? (float)(sum / (double)(s->count_padding ? padded : inside)) : max;
}

void deixis_pool_f32_reference(
    const deixis_pool_f32_shape *s, const float *x, float *y, size_t row_begin, size_t row_end) {
    for (size_t row = row_begin; row < row_end; row++) {
        size_t b = row / s->out_h, oy = row % s->out_h;
        for (size_t ox = 0; ox < s->out_w; ox++) {
            for (size_t c = 0; c < s->channels; c++) {
                y[(row * s->out_w + ox) * s->y_stride + c] = window(s, x + b * s->in_h * s->in_w * s->x_stride,
                    (ptrdiff_t)(oy * s->stride_h) - (ptrdiff_t)s->pad_top,
                    (ptrdiff_t)(ox * s->stride_w) - (ptrdiff_t)s->pad_left, c);
            }
        }
    }
}
