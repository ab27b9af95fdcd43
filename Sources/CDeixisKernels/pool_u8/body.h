// Per output pixel the window is cut to the image once; then vectors of channels run over what is left of it.

#include "deixis/pool_u8.h"

#include <string.h>

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

/// What is left of a window.
typedef struct patch {
    const uint8_t *x;
    size_t high, wide, row, column;     // samples, bytes from one to the next
} patch;

typedef uint8_t v_whole __attribute__((ext_vector_type(4 * LANES)));

/// Vectors of TYPE from channel c on as far as they fit; then, where one fits at all, a last one that ends with the
/// channels.
#define POOL_VECTORS(TYPE) \
    for (; c < channels && channels >= sizeof(TYPE); c += sizeof(TYPE)) { \
        if (c + sizeof(TYPE) > channels) c = channels - sizeof(TYPE); \
        TYPE max = 0; \
        for (size_t ky = 0; ky < p.high; ky++) { \
            const uint8_t *at = p.x + ky * p.row + c; \
            for (size_t kx = 0; kx < p.wide; kx++, at += p.column) { \
                TYPE value; \
                __builtin_memcpy(&value, at, sizeof value); \
                max = __builtin_elementwise_max(max, value); \
            } \
        } \
        __builtin_memcpy(y + c, &max, sizeof max); \
    }

static inline void pool_pixel(patch p, size_t channels, uint8_t *y) {
    size_t c = 0;
    POOL_VECTORS(v_whole)
#if LANES > 4
    typedef uint8_t v_sixteen __attribute__((ext_vector_type(16)));
    POOL_VECTORS(v_sixteen)
#endif
    for (; c < channels; c++) {
        uint8_t max = 0;
        for (size_t ky = 0; ky < p.high; ky++) {
            for (size_t kx = 0; kx < p.wide; kx++) {
                const uint8_t value = p.x[ky * p.row + kx * p.column + c];
                max = value > max ? value : max;
            }
        }
        y[c] = max;
    }
}

void VARIANT_NAME(deixis_pool_u8_max)(
    const deixis_pool_f32_shape *shape, const uint8_t *x, uint8_t *y, size_t row_begin, size_t row_end) {
    // A copy that no store can change, so that its fields stay in registers.
    const deixis_pool_f32_shape copy = *shape, *s = &copy;
    for (size_t row = row_begin; row < row_end; row++) {
        const uint8_t *image = x + row / s->out_h * s->in_h * s->in_w * s->x_stride;
        const ptrdiff_t top = (ptrdiff_t)(row % s->out_h * s->stride_h) - (ptrdiff_t)s->pad_top;
        size_t y0, y1, x0, x1;
        cut(top, s->dilation_h, s->kernel_h, s->in_h, &y0, &y1);
        for (size_t ox = 0; ox < s->out_w; ox++) {
            const ptrdiff_t left = (ptrdiff_t)(ox * s->stride_w) - (ptrdiff_t)s->pad_left;
            cut(left, s->dilation_w, s->kernel_w, s->in_w, &x0, &x1);
            patch p = {image, y1 - y0, x1 - x0, s->dilation_h * s->in_w * s->x_stride, s->dilation_w * s->x_stride};
            if (p.high && p.wide)
                p.x += ((top + (ptrdiff_t)(y0 * s->dilation_h)) * (ptrdiff_t)s->in_w + left +
                           (ptrdiff_t)(x0 * s->dilation_w)) *
                    (ptrdiff_t)s->x_stride;
            pool_pixel(p, s->channels, y + (row * s->out_w + ox) * s->y_stride);
        }
    }
}

void VARIANT_NAME(deixis_pool_u8_nearest)(
    const deixis_resize_f32_shape *s, const uint8_t *x, uint8_t *y, size_t row_begin, size_t row_end) {
    for (size_t row = row_begin; row < row_end; row++) {
        const uint8_t *line = x + (row / s->out_h * s->in_h + s->rows[row % s->out_h].low) * s->in_w * s->x_stride;
        for (size_t ox = 0; ox < s->out_w; ox++) {
            memcpy(y + (row * s->out_w + ox) * s->y_stride, line + s->columns[ox].low * s->x_stride, s->channels);
        }
    }
}
