// Vectors of channels; a pixel that is one source pixel is copied.

#include "deixis/resize_f32.h"

#include <string.h>

static inline vf mix(vf low, vf high, float weight) { return v_fma(v_set(weight), high, v_set(1 - weight) * low); }

void VARIANT_NAME(deixis_resize_f32)(
    const deixis_resize_f32_shape *s, const float *x, float *y, size_t row_begin, size_t row_end) {
    for (size_t row = row_begin; row < row_end; row++) {
        const float *image = x + row / s->out_h * s->in_h * s->in_w * s->x_stride;
        const deixis_resize_tap v = s->rows[row % s->out_h];
        const float *upper = image + v.low * s->in_w * s->x_stride, *lower = image + v.high * s->in_w * s->x_stride;
        for (size_t ox = 0; ox < s->out_w; ox++) {
            const deixis_resize_tap h = s->columns[ox];
            float *out = y + (row * s->out_w + ox) * s->y_stride;
            const float *p00 = upper + h.low * s->x_stride, *p01 = upper + h.high * s->x_stride;
            const float *p10 = lower + h.low * s->x_stride, *p11 = lower + h.high * s->x_stride;
            if (v.weight == 0 && h.weight == 0) {
                memcpy(out, p00, s->channels * sizeof(float));
                continue;
            }
            for (size_t c = 0; c < s->channels; c += LANES) {
                size_t n = s->channels - c < LANES ? s->channels - c : LANES;
                // A weight of 0 keeps the other value, even an infinite one, out of the result.
                vf top =
                    h.weight == 0 ? v_load_n(p00 + c, n) : mix(v_load_n(p00 + c, n), v_load_n(p01 + c, n), h.weight);
                if (v.weight != 0) {
                    vf bottom = h.weight == 0 ? v_load_n(p10 + c, n)
                                              : mix(v_load_n(p10 + c, n), v_load_n(p11 + c, n), h.weight);
                    top = mix(top, bottom, v.weight);
                }
                v_store_n(out + c, top, n);
            }
        }
    }
}
