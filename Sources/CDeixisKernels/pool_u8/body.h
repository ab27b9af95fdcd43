// Once for all instruction sets, the reference included: the compiler turns the loops over channels into vectors of bytes.

#include "deixis/pool_u8.h"

#include <string.h>

void VARIANT_NAME(deixis_pool_u8_max)(const deixis_pool_f32_shape *s, const uint8_t *x, uint8_t *y, size_t row_begin, size_t row_end) {
    for (size_t row = row_begin; row < row_end; row++) {
        const size_t b = row / s->out_h, oy = row % s->out_h;
        for (size_t ox = 0; ox < s->out_w; ox++) {
            uint8_t *to = y + (row * s->out_w + ox) * s->y_stride;
            memset(to, 0, s->channels);
            for (size_t ky = 0; ky < s->kernel_h; ky++) {
                // Above and left of the image these wrap to huge numbers.
                const size_t iy = oy * s->stride_h + ky * s->dilation_h - s->pad_top;
                if (iy >= s->in_h) continue;
                for (size_t kx = 0; kx < s->kernel_w; kx++) {
                    const size_t ix = ox * s->stride_w + kx * s->dilation_w - s->pad_left;
                    if (ix >= s->in_w) continue;
                    const uint8_t *from = x + ((b * s->in_h + iy) * s->in_w + ix) * s->x_stride;
                    for (size_t c = 0; c < s->channels; c++) to[c] = from[c] > to[c] ? from[c] : to[c];
                }
            }
        }
    }
}

void VARIANT_NAME(deixis_pool_u8_nearest)(const deixis_resize_f32_shape *s, const uint8_t *x, uint8_t *y, size_t row_begin, size_t row_end) {
    for (size_t row = row_begin; row < row_end; row++) {
        const uint8_t *line = x + (row / s->out_h * s->in_h + s->rows[row % s->out_h].low) * s->in_w * s->x_stride;
        for (size_t ox = 0; ox < s->out_w; ox++) {
            memcpy(y + (row * s->out_w + ox) * s->y_stride, line + s->columns[ox].low * s->x_stride, s->channels);
        }
    }
}
