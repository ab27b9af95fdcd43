// Once for all instruction sets, the reference included: a vector holds 4 LANES bytes.

#include "deixis/pool_u8.h"

#include <string.h>

typedef uint8_t pool_bytes __attribute__((ext_vector_type(4 * LANES)));

/// The window's taps inside the image along one axis: [first, last).
static inline void VARIANT_NAME(pool_inside)(size_t at, size_t stride, size_t dilation, size_t pad, size_t kernel, size_t extent, size_t *first, size_t *last) {
    *first = 0;
    // Before the image this wraps to a huge number.
    while (*first < kernel && at * stride + *first * dilation - pad >= extent) ++*first;
    *last = *first;
    while (*last < kernel && at * stride + *last * dilation - pad < extent) ++*last;
}

void VARIANT_NAME(deixis_pool_u8_max)(const deixis_pool_f32_shape *s, const uint8_t *x, uint8_t *y, size_t row_begin, size_t row_end) {
    const size_t step = s->dilation_w * s->x_stride, line = s->dilation_h * s->in_w * s->x_stride;
    for (size_t row = row_begin; row < row_end; row++) {
        const size_t b = row / s->out_h, oy = row % s->out_h;
        size_t y0, y1, x0, x1;
        VARIANT_NAME(pool_inside)(oy, s->stride_h, s->dilation_h, s->pad_top, s->kernel_h, s->in_h, &y0, &y1);
        for (size_t ox = 0; ox < s->out_w; ox++) {
            VARIANT_NAME(pool_inside)(ox, s->stride_w, s->dilation_w, s->pad_left, s->kernel_w, s->in_w, &x0, &x1);
            uint8_t *to = y + (row * s->out_w + ox) * s->y_stride;
            if (y0 == y1 || x0 == x1) {
                memset(to, 0, s->channels);
                continue;
            }
            const uint8_t *from = x + ((b * s->in_h + oy * s->stride_h + y0 * s->dilation_h - s->pad_top) * s->in_w
                                       + ox * s->stride_w + x0 * s->dilation_w - s->pad_left) * s->x_stride;
            size_t c = 0;
            for (; c + sizeof(pool_bytes) <= s->channels; c += sizeof(pool_bytes)) {
                pool_bytes high = 0, next;
                for (size_t ky = 0; ky < y1 - y0; ky++) {
                    for (size_t kx = 0; kx < x1 - x0; kx++) {
                        __builtin_memcpy(&next, from + ky * line + kx * step + c, sizeof next);
                        high = __builtin_elementwise_max(high, next);
                    }
                }
                __builtin_memcpy(to + c, &high, sizeof high);
            }
            for (; c < s->channels; c++) {
                uint8_t high = 0;
                for (size_t ky = 0; ky < y1 - y0; ky++) {
                    for (size_t kx = 0; kx < x1 - x0; kx++) {
                        const uint8_t next = from[ky * line + kx * step + c];
                        high = next > high ? next : high;
                    }
                }
                to[c] = high;
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
