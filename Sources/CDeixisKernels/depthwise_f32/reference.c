#include "deixis/depthwise_f32.h"

#include "unary_f32/reference.h"

void deixis_depthwise_f32_reference(const deixis_conv_f32_shape *s, const float *x, const float *weights,
    const float *bias, deixis_activation activation, float *y, size_t row_begin, size_t row_end) {
    for (size_t row = row_begin; row < row_end; row++) {
        size_t b = row / s->out_h, oy = row % s->out_h;
        for (size_t ox = 0; ox < s->out_w; ox++) {
            for (size_t c = 0; c < s->out_c; c++) {
                double sum = bias ? bias[c] : 0;
                for (size_t ky = 0; ky < s->kernel_h; ky++) {
                    size_t iy = oy * s->stride_h + ky * s->dilation_h - s->pad_top;
                    if (iy >= s->in_h) continue;    // above the image wraps to a huge number
                    for (size_t kx = 0; kx < s->kernel_w; kx++) {
                        size_t ix = ox * s->stride_w + kx * s->dilation_w - s->pad_left;
                        if (ix >= s->in_w) continue;
                        sum += (double)x[((b * s->in_h + iy) * s->in_w + ix) * s->x_stride + c] *
                            weights[(ky * s->kernel_w + kx) * s->out_c + c];
                    }
                }
                y[(row * s->out_w + ox) * s->y_stride + c] = deixis_unary_reference(activation, (float)sum);
            }
        }
    }
}
