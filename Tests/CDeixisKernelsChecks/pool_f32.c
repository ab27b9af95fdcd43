#include "check.h"

CHECK_FAMILY(pool_f32)

static void verify(check *c, const deixis_pool_f32 *kernel, const deixis_pool_f32 *reference) {
    static const size_t channels[] = {1, 3, 4, 8, 15, 16, 17, 32, 33, 100};
    for (int round = 0; round < 200; round++) {
        size_t ch = check_pick(c, 10, channels);
        deixis_pool_f32_shape s = {.batch = 1 + check_random(c) % 2,
            .in_h = 1 + check_random(c) % 9,
            .in_w = 1 + check_random(c) % 9,
            .channels = ch,
            .out_h = 1 + check_random(c) % 5,
            .out_w = 1 + check_random(c) % 5,
            .kernel_h = 1 + check_random(c) % 4,
            .kernel_w = 1 + check_random(c) % 4,
            .stride_h = 1 + check_random(c) % 3,
            .stride_w = 1 + check_random(c) % 3,
            .dilation_h = 1 + check_random(c) % 2,
            .dilation_w = 1 + check_random(c) % 2,
            .pad_top = check_random(c) % 3,
            .pad_left = check_random(c) % 3,
            .pad_bottom = check_random(c) % 3,
            .pad_right = check_random(c) % 3,
            .average = round % 2,
            .count_padding = round % 4 >= 2};
        s.x_stride = ch + check_random(c) % 2;
        s.y_stride = ch + check_random(c) % 2;
        size_t pixels = s.batch * s.out_h * s.out_w;
        buffer x = check_floats(c, (s.batch * s.in_h * s.in_w - 1) * s.x_stride + ch, -1, 1),
               y = check_bytes(c, ((pixels - 1) * s.y_stride + ch) * 4), want = check_bytes(c, y.size);
        if (round % 5 == 4) floats(x)[check_random(c) % (x.size / 4)] = round % 10 == 4 ? NAN : -INFINITY;
        size_t rows = s.batch * s.out_h, split = rows / 2;
        kernel->run(&s, floats(x), floats(y), 0, split);
        kernel->run(&s, floats(x), floats(y), split, rows);
        reference->run(&s, floats(x), floats(want), 0, rows);
        for (size_t p = 0; p < pixels; p++) {
            for (size_t i = 0; i < ch; i++)
                check_close(c, floats(y)[p * s.y_stride + i], floats(want)[p * s.y_stride + i],
                    s.average ? 0x1p-23 * (double)(s.kernel_h * s.kernel_w + 1) : 0, "pool", p * ch + i);
        }
        buffer *all[] = {&x, &y, &want};
        for (int i = 0; i < 3; i++) check_release(c, all[i], "pool");
    }
}
