#include "requantize.h"

CHECK_FAMILY(depthwise_s8)

static void verify(check *c, const deixis_depthwise_s8 *kernel, const deixis_depthwise_s8 *reference) {
    (void)reference;
    static const size_t channels[] = {1, 3, 4, 8, 15, 16, 17, 32, 33, 100};
    for (int round = 0; round < 200 && !c->failed; round++) {
        const size_t ch = check_pick(c, 10, channels);
        deixis_conv_f32_shape s = {.batch = 1 + check_random(c) % 2,
            .in_h = 1 + check_random(c) % 9,
            .in_w = 1 + check_random(c) % 9,
            .in_c = ch,
            .out_c = ch,
            .kernel_h = 1 + check_random(c) % 5,
            .kernel_w = 1 + check_random(c) % 3,
            .stride_h = 1 + check_random(c) % 2,
            .stride_w = 1 + check_random(c) % 2,
            .dilation_h = 1 + check_random(c) % 2,
            .dilation_w = 1 + check_random(c) % 2,
            .pad_top = check_random(c) % 3,
            .pad_left = check_random(c) % 3,
            .groups = ch,
            .out_h = 1 + check_random(c) % 6,
            .out_w = 1 + check_random(c) % 6};
        s.x_stride = ch + check_random(c) % 2;
        s.y_stride = ch + check_random(c) % 2;
        s.residual_stride = ch + check_random(c) % 2;
        const size_t taps = s.kernel_h * s.kernel_w, pixels = s.batch * s.out_h * s.out_w, rows = s.batch * s.out_h,
                     split = rows / 2;
        requantized r = requantize_pick(c, ch, taps, round);
        const size_t y_size = r.q.output_type == DEIXIS_S8_F32 ? 4 : 1, r_count = (pixels - 1) * s.residual_stride + ch;
        buffer x = check_random_bytes(c, (s.batch * s.in_h * s.in_w - 1) * s.x_stride + ch),
               w = check_random_bytes(c, taps * ch);
        buffer residual =
            r.q.residual_type == DEIXIS_S8_F32 ? check_floats(c, r_count, -100, 100) : check_random_bytes(c, r_count);
        buffer y = check_bytes(c, ((pixels - 1) * s.y_stride + ch) * y_size);
        deixis_conv_s8_args args = {bytes_of(x), (int32_t)(check_random(c) % 256), (const int8_t *)w.data,
            r.q.residual_type ? residual.data : NULL, y.data, r.q, check_caches(c), NULL, NULL, 0};
        kernel->run(&s, &args, 0, split);
        kernel->run(&s, &args, split, rows);
        for (size_t p = 0; p < pixels && !c->failed; p++) {
            const size_t b = p / (s.out_h * s.out_w), oy = p / s.out_w % s.out_h, ox = p % s.out_w;
            for (size_t i = 0; i < ch; i++) {
                int32_t sum = 0;
                for (size_t t = 0; t < taps; t++) {
                    const ptrdiff_t iy =
                        (ptrdiff_t)(oy * s.stride_h + t / s.kernel_w * s.dilation_h) - (ptrdiff_t)s.pad_top;
                    const ptrdiff_t ix =
                        (ptrdiff_t)(ox * s.stride_w + t % s.kernel_w * s.dilation_w) - (ptrdiff_t)s.pad_left;
                    const bool inside = iy >= 0 && ix >= 0 && iy < (ptrdiff_t)s.in_h && ix < (ptrdiff_t)s.in_w;
                    sum += (inside ? bytes_of(x)[((b * s.in_h + (size_t)iy) * s.in_w + (size_t)ix) * s.x_stride + i]
                                   : args.zero) *
                        ((const int8_t *)w.data)[t * ch + i];
                }
                if (!requantize_equal(c, &r.q, i, sum, args.residual, p * s.residual_stride + i, y.data,
                        p * s.y_stride + i, "depthwise_s8"))
                    break;
            }
        }
        buffer *all[] = {&x, &w, &residual, &y, &r.offset, &r.multiplier, &r.cuts};
        for (int i = 0; i < 7; i++) check_release(c, all[i], "depthwise_s8");
    }
}
