#include "conv_s8/reference.h"

#include "common/conv_rows.h"
#include "gemm_s8/reference.h"
#include "gemm_s8/tile.h"

/// Output column `column` of panel `panel` at output pixel (b, oy, ox): the sum over taps and the channels of group
/// `group`.
static int32_t product(const deixis_gemm_s8 *kernel, const deixis_conv_f32_shape *s, const deixis_conv_s8_args *args,
    size_t b, size_t oy, size_t ox, size_t group, size_t panel, size_t column) {
    const deixis_conv_rows l = deixis_conv_rows_of(s, 1, false, 1);
    const size_t ci = s->in_c / s->groups, nr = kernel->nr, steps = deixis_steps_s8(l.depth);
    const int8_t *w = args->weights + panel * deixis_panel_s8(kernel, l.taps, l.depth);
    int32_t sum = 0;
    for (size_t ky = 0; ky < s->kernel_h; ky++) {
        for (size_t kx = 0; kx < s->kernel_w; kx++) {
            // Above and left of the image these wrap to huge numbers.
            const size_t iy = oy * s->stride_h + ky * s->dilation_h - s->pad_top,
                         ix = ox * s->stride_w + kx * s->dilation_w - s->pad_left;
            const bool inside = iy < s->in_h && ix < s->in_w;
            for (size_t i = 0; i < ci; i++) {
                const size_t channel = group * ci + i;
                int32_t x = args->zero;
                if (inside) x = args->x[((b * s->in_h + iy) * s->in_w + ix) * s->x_stride + channel];
                if (inside && args->map) x = args->table[(args->table_channels > 1 ? channel : 0) * 256 + (size_t)x];
                const size_t tap = l.whole_rows ? ky : ky * s->kernel_w + kx,
                             place = deixis_place_s8(l.depth, l.whole_rows ? kx * ci + i : i);
                sum += x * w[((tap * steps + place / 4) * nr + column) * 4 + place % 4];
            }
        }
    }
    return sum;
}

void deixis_conv_s8_reference(const deixis_gemm_s8 *kernel, const deixis_conv_f32_shape *s,
    const deixis_conv_s8_args *args, size_t pixel_begin, size_t pixel_end, size_t panel_begin, size_t panel_end) {
    const size_t co = s->out_c / s->groups, per_group = deixis_gemm_s8_panels(kernel, co);
    for (size_t pixel = pixel_begin; pixel < pixel_end; pixel++) {
        const size_t b = pixel / (s->out_h * s->out_w), oy = pixel / s->out_w % s->out_h, ox = pixel % s->out_w;
        for (size_t panel = panel_begin; panel < panel_end; panel++) {
            const size_t group = panel / per_group, first = panel % per_group * kernel->nr;
            for (size_t column = 0; column < kernel->nr && first + column < co; column++) {
                const size_t o = group * co + first + column;
                const int32_t sum = product(kernel, s, args, b, oy, ox, group, panel, column);
                deixis_requantize_reference(&args->requantize, o, sum, args->residual,
                    (ptrdiff_t)(pixel * s->residual_stride + o), args->y, (ptrdiff_t)(pixel * s->y_stride + o));
            }
        }
    }
}
