// Per output pixel, vectors of channels over the part of the window that lies inside the image.

#include "deixis/depthwise_f32.h"

extern void VARIANT_NAME(deixis_unary_f32)(deixis_activation f, const float *x, float *y, size_t count);

void VARIANT_NAME(deixis_depthwise_f32)(const deixis_conv_f32_shape *s, const float *x, const float *weights,
    const float *bias, deixis_activation activation, float *y, size_t row_begin, size_t row_end) {
    const size_t channels = s->out_c;
    for (size_t row = row_begin; row < row_end; row++) {
        size_t b = row / s->out_h, oy = row % s->out_h;
        for (size_t ox = 0; ox < s->out_w; ox++) {
            float *out = y + (row * s->out_w + ox) * s->y_stride;
            for (size_t c = 0; c < channels; c += LANES) {
                size_t n = channels - c < LANES ? channels - c : LANES;
                vf sum = bias ? v_load_n(bias + c, n) : v_set(0);
                for (size_t ky = 0; ky < s->kernel_h; ky++) {
                    size_t iy = oy * s->stride_h + ky * s->dilation_h - s->pad_top;
                    if (iy >= s->in_h) continue;    // above the image wraps to a huge number
                    for (size_t kx = 0; kx < s->kernel_w; kx++) {
                        size_t ix = ox * s->stride_w + kx * s->dilation_w - s->pad_left;
                        if (ix >= s->in_w) continue;
                        const float *at = x + ((b * s->in_h + iy) * s->in_w + ix) * s->x_stride + c;
                        const float *w = weights + (ky * s->kernel_w + kx) * channels + c;
                        sum = n == LANES ? v_fma(v_load(at), v_load(w), sum)
                                         : v_fma(v_load_n(at, n), v_load_n(w, n), sum);
                    }
                }
                v_store_n(out + c, sum, n);
            }
            if (activation.function != DEIXIS_UNARY_IDENTITY)
                VARIANT_NAME(deixis_unary_f32)(activation, out, out, channels);
        }
    }
}
