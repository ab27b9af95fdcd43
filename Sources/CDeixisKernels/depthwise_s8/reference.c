#include "deixis/depthwise_s8.h"

#include "gemm_s8/reference.h"

void deixis_depthwise_s8_reference(
    const deixis_conv_f32_shape *s, const deixis_conv_s8_args *args, size_t row_begin, size_t row_end) {
    for (size_t row = row_begin; row < row_end; row++) {
        const size_t b = row / s->out_h, oy = row % s->out_h;
        for (size_t ox = 0; ox < s->out_w; ox++) {
            const size_t pixel = row * s->out_w + ox;
            for (size_t c = 0; c < s->out_c; c++) {
                int32_t sum = 0;
                for (size_t ky = 0; ky < s->kernel_h; ky++) {
                    for (size_t kx = 0; kx < s->kernel_w; kx++) {
                        // Before the image wraps to a huge number.
                        const size_t iy = oy * s->stride_h + ky * s->dilation_h - s->pad_top,
                                     ix = ox * s->stride_w + kx * s->dilation_w - s->pad_left;
                        const bool inside = iy < s->in_h && ix < s->in_w;
                        const int32_t x =
                            inside ? args->x[((b * s->in_h + iy) * s->in_w + ix) * s->x_stride + c] : args->zero;
                        sum += x * args->weights[(ky * s->kernel_w + kx) * s->out_c + c];
                    }
                }
                deixis_requantize_reference(&args->requantize, c, sum, args->residual,
                    (ptrdiff_t)(pixel * s->residual_stride + c), args->y, (ptrdiff_t)(pixel * s->y_stride + c));
            }
        }
    }
}
