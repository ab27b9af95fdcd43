// Per output pixel the window is cut to the image once; then vectors of channels run over what is left of it.

#include "deixis/pool_f32.h"

#include <math.h>

/// Samples i of [0, count) with 0 <= origin + i step < size are [*first, *end).
static inline void cut(ptrdiff_t origin, size_t step, size_t count, size_t size, size_t *first, size_t *end) {
    size_t i = 0, e = count;
    if (count > 64) {
        // A window wider than most pictures: counted, not walked.
        size_t below = origin < 0 ? ((size_t)-origin + step - 1) / step : 0;
        size_t upto = (ptrdiff_t)size > origin ? (size_t)((ptrdiff_t)size - origin + (ptrdiff_t)step - 1) / step : 0;
        i = below < count ? below : count;
        e = upto < count ? upto : count;
        if (e < i) e = i;
    }
    while (i < count && origin + (ptrdiff_t)(i * step) < 0) i++;
    while (e > i && origin + (ptrdiff_t)((e - 1) * step) >= (ptrdiff_t)size) e--;
    *first = i;
    *end = e;
}

__attribute__((always_inline)) static inline void pixel(bool average, const float *x, size_t row, size_t column,
    size_t high, size_t wide, size_t channels, float factor, float *y) {
    for (size_t c = 0; c < channels; c += LANES) {
        size_t n = channels - c < LANES ? channels - c : LANES;
        vf sum = v_set(average ? 0 : -INFINITY);
        for (size_t ky = 0; ky < high; ky++) {
            for (size_t kx = 0; kx < wide; kx++) {
                const float *at = x + ky * row + kx * column + c;
                vf value = n == LANES ? v_load(at) : v_load_n(at, n);
                sum = average ? sum + value : v_max_nan(sum, value);
            }
        }
        v_store_n(y + c, average ? sum / v_set(factor) : sum, n);
    }
}

void VARIANT_NAME(deixis_pool_f32)(
    const deixis_pool_f32_shape *s, const float *x, float *y, size_t row_begin, size_t row_end) {
    for (size_t row = row_begin; row < row_end; row++) {
        const float *image = x + row / s->out_h * s->in_h * s->in_w * s->x_stride;
        ptrdiff_t top = (ptrdiff_t)(row % s->out_h * s->stride_h) - (ptrdiff_t)s->pad_top;
        size_t y0, y1, x0, x1, ignored, padded_h, padded_w;
        cut(top, s->dilation_h, s->kernel_h, s->in_h, &y0, &y1);
        cut(top + (ptrdiff_t)s->pad_top, s->dilation_h, s->kernel_h, s->in_h + s->pad_top + s->pad_bottom, &ignored,
            &padded_h);
        for (size_t ox = 0; ox < s->out_w; ox++) {
            ptrdiff_t left = (ptrdiff_t)(ox * s->stride_w) - (ptrdiff_t)s->pad_left;
            cut(left, s->dilation_w, s->kernel_w, s->in_w, &x0, &x1);
            cut(left + (ptrdiff_t)s->pad_left, s->dilation_w, s->kernel_w, s->in_w + s->pad_left + s->pad_right,
                &ignored, &padded_w);
            size_t high = y1 - y0, wide = x1 - x0;
            ptrdiff_t first = high && wide
                ? (top + (ptrdiff_t)(y0 * s->dilation_h)) * (ptrdiff_t)s->in_w + left + (ptrdiff_t)(x0 * s->dilation_w)
                : 0;
            const float *at = image + first * (ptrdiff_t)s->x_stride;
            float *out = y + (row * s->out_w + ox) * s->y_stride;
            size_t row_step = s->dilation_h * s->in_w * s->x_stride, column_step = s->dilation_w * s->x_stride;
            if (s->average)
                pixel(true, at, row_step, column_step, high, wide, s->channels,
                    (float)(s->count_padding ? padded_h * padded_w : high * wide), out);
            else pixel(false, at, row_step, column_step, high, wide, s->channels, 1, out);
        }
    }
}
