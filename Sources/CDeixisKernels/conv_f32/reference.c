#include "conv_f32/reference.h"

#include "unary_f32/reference.h"

/// Element `at` of x, of channel `c`.
static double value(const deixis_conv_f32_args *args, size_t at, size_t c) {
    return args->bytes ? (float)((double)args->scale[c] * args->bytes[at] + args->shift[c]) : args->x[at];
}

/// Output column `column` of panel `panel` at output pixel (b, oy, ox): the sum over taps and the channels of group
/// `group`.
static double product(const deixis_gemm_f32 *kernel, const deixis_conv_f32_shape *s, const deixis_conv_f32_args *args,
    size_t b, size_t oy, size_t ox, size_t group, size_t panel, size_t column) {
    size_t ci = s->in_c / s->groups, nr = kernel->nr;
    const float *w = args->weights + panel * s->kernel_h * s->kernel_w * ci * nr + column;
    double sum = 0;
    for (size_t ky = 0; ky < s->kernel_h; ky++) {
        for (size_t kx = 0; kx < s->kernel_w; kx++) {
            // Above and left of the image these wrap to huge numbers.
            size_t iy = oy * s->stride_h + ky * s->dilation_h - s->pad_top,
                   ix = ox * s->stride_w + kx * s->dilation_w - s->pad_left;
            if (iy >= s->in_h || ix >= s->in_w) continue;
            const size_t at = ((b * s->in_h + iy) * s->in_w + ix) * s->x_stride + group * ci;
            for (size_t i = 0; i < ci; i++)
                sum += value(args, at + i, group * ci + i) * w[((ky * s->kernel_w + kx) * ci + i) * nr];
        }
    }
    return sum;
}

void deixis_conv_f32_reference(const deixis_gemm_f32 *kernel, const deixis_conv_f32_shape *s,
    const deixis_conv_f32_args *args, size_t pixel_begin, size_t pixel_end, size_t panel_begin, size_t panel_end) {
    size_t co = s->out_c / s->groups, per_group = deixis_gemm_f32_panels(kernel, co);
    for (size_t pixel = pixel_begin; pixel < pixel_end; pixel++) {
        size_t b = pixel / (s->out_h * s->out_w), oy = pixel / s->out_w % s->out_h, ox = pixel % s->out_w;
        for (size_t panel = panel_begin; panel < panel_end; panel++) {
            size_t group = panel / per_group, first = panel % per_group * kernel->nr;
            for (size_t column = 0; column < kernel->nr && first + column < co; column++) {
                size_t o = group * co + first + column;
                double sum = product(kernel, s, args, b, oy, ox, group, panel, column);
                if (args->bias) sum += args->bias[o];
                if (args->residual) sum += args->residual[pixel * s->residual_stride + o];
                args->y[pixel * s->y_stride + o] = deixis_unary_reference(args->activation, (float)sum);
            }
        }
    }
}
