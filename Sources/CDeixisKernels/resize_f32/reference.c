#include "deixis/resize_f32.h"

void deixis_resize_f32_reference(
    const deixis_resize_f32_shape *s, const float *x, float *y, size_t row_begin, size_t row_end) {
    for (size_t row = row_begin; row < row_end; row++) {
        const float *image = x + row / s->out_h * s->in_h * s->in_w * s->x_stride;
        deixis_resize_tap v = s->rows[row % s->out_h];
        for (size_t ox = 0; ox < s->out_w; ox++) {
            deixis_resize_tap h = s->columns[ox];
            const float *p00 = image + (v.low * s->in_w + h.low) * s->x_stride,
                        *p01 = image + (v.low * s->in_w + h.high) * s->x_stride;
            const float *p10 = image + (v.high * s->in_w + h.low) * s->x_stride,
                        *p11 = image + (v.high * s->in_w + h.high) * s->x_stride;
            float *out = y + (row * s->out_w + ox) * s->y_stride;
            double fy = v.weight, fx = h.weight;
            for (size_t c = 0; c < s->channels; c++) {
                if (v.weight == 0 && h.weight == 0) out[c] = p00[c];
                else if (v.weight == 0) out[c] = (float)((1 - fx) * p00[c] + fx * p01[c]);
                else if (h.weight == 0) out[c] = (float)((1 - fy) * p00[c] + fy * p10[c]);
                else
                    out[c] =
                        (float)((1 - fy) * ((1 - fx) * p00[c] + fx * p01[c]) + fy * ((1 - fx) * p10[c] + fx * p11[c]));
            }
        }
    }
}
