#include "check.h"

CHECK_FAMILY(depthwise_f32)

static void verify(check *c, const deixis_depthwise_f32 *kernel, const deixis_depthwise_f32 *reference) {
    static const size_t channels[] = {1, 3, 4, 8, 15, 16, 17, 32, 33, 100};
    for (int round = 0; round < 100; round++) {
        size_t ch = check_pick(c, 10, channels);
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
        size_t taps = s.kernel_h * s.kernel_w, pixels = s.batch * s.out_h * s.out_w;
        buffer x = check_floats(c, (s.batch * s.in_h * s.in_w - 1) * s.x_stride + ch, -1, 1),
               w = check_floats(c, taps * ch, -1, 1), bias = check_floats(c, ch, -1, 1);
        buffer y = check_bytes(c, ((pixels - 1) * s.y_stride + ch) * 4), want = check_bytes(c, y.size);
        deixis_activation f = {round % 2 ? DEIXIS_UNARY_RELU : DEIXIS_UNARY_IDENTITY, 0, 0};
        const float *b = round % 3 ? floats(bias) : NULL;
        size_t rows = s.batch * s.out_h, split = rows / 2;
        kernel->run(&s, floats(x), floats(w), b, f, floats(y), 0, split);
        kernel->run(&s, floats(x), floats(w), b, f, floats(y), split, rows);
        reference->run(&s, floats(x), floats(w), b, f, floats(want), 0, rows);
        for (size_t p = 0; p < pixels; p++) {
            for (size_t i = 0; i < ch; i++)
                check_close(c, floats(y)[p * s.y_stride + i], floats(want)[p * s.y_stride + i],
                    0x1p-23 * (double)((taps + 2) * (taps + 1)), "depthwise", p * ch + i);
        }
        buffer *all[] = {&x, &w, &bias, &y, &want};
        for (int i = 0; i < 5; i++) check_release(c, all[i], "depthwise");
    }
}
