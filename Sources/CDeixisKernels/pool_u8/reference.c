#include "deixis/pool_u8.h"

void deixis_pool_u8_max_reference(
    const deixis_pool_f32_shape *s, const uint8_t *x, uint8_t *y, size_t row_begin, size_t row_end) {
    for (size_t row = row_begin; row < row_end; row++) {
        const size_t b = row / s->out_h, oy = row % s->out_h;
        for (size_t ox = 0; ox < s->out_w; ox++) {
            for (size_t c = 0; c < s->channels; c++) {
                uint8_t max = 0;
                for (size_t ky = 0; ky < s->kernel_h; ky++) {
                    for (size_t kx = 0; kx < s->kernel_w; kx++) {
                        // Above and left of the image these wrap to huge numbers.
                        const size_t iy = oy * s->stride_h + ky * s->dilation_h - s->pad_top,
                                     ix = ox * s->stride_w + kx * s->dilation_w - s->pad_left;
                        if (iy >= s->in_h || ix >= s->in_w) continue;
                        const uint8_t value = x[((b * s->in_h + iy) * s->in_w + ix) * s->x_stride + c];
                        max = value > max ? value : max;
                    }
                }
                y[(row * s->out_w + ox) * s->y_stride + c] = max;
            }
        }
    }
}

void deixis_pool_u8_nearest_reference(
    const deixis_resize_f32_shape *s, const uint8_t *x, uint8_t *y, size_t row_begin, size_t row_end) {
    for (size_t row = row_begin; row < row_end; row++) {
        const size_t b = row / s->out_h, iy = s->rows[row % s->out_h].low;
        for (size_t ox = 0; ox < s->out_w; ox++) {
            for (size_t c = 0; c < s->channels; c++)
                y[(row * s->out_w + ox) * s->y_stride + c] =
                    x[((b * s->in_h + iy) * s->in_w + s->columns[ox].low) * s->x_stride + c];
        }
    }
}
