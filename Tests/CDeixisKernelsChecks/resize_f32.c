#include "check.h"

CHECK_FAMILY(resize_f32)

static void verify(check *c, const deixis_resize_f32 *kernel, const deixis_resize_f32 *reference) {
    static const size_t channels[] = {1, 3, 4, 8, 15, 16, 17, 32, 33, 100};
    for (int round = 0; round < 120; round++) {
        deixis_resize_tap rows[12], columns[12];
        deixis_resize_f32_shape s = {.batch = 1 + check_random(c) % 2,
            .in_h = 1 + check_random(c) % 7,
            .in_w = 1 + check_random(c) % 7,
            .channels = check_pick(c, 10, channels),
            .out_h = 1 + check_random(c) % 12,
            .out_w = 1 + check_random(c) % 12,
            .rows = rows,
            .columns = columns};
        for (int i = 0; i < 12; i++) {
            bool nearest = round % 3 == 0 || check_random(c) % 4 == 0;
            uint32_t low = check_random(c) % s.in_h, left = check_random(c) % s.in_w;
            rows[i] = (deixis_resize_tap){
                low, nearest || low + 1 == s.in_h ? low : low + 1, nearest ? 0 : check_uniform(c, 0, 1)};
            columns[i] = (deixis_resize_tap){
                left, nearest || left + 1 == s.in_w ? left : left + 1, nearest ? 0 : check_uniform(c, 0, 1)};
        }
        s.x_stride = s.channels + check_random(c) % 2;
        s.y_stride = s.channels + check_random(c) % 2;
        size_t pixels = s.batch * s.out_h * s.out_w, lines = s.batch * s.out_h, split = lines / 2;
        buffer x = check_floats(c, (s.batch * s.in_h * s.in_w - 1) * s.x_stride + s.channels, -1, 1),
               y = check_bytes(c, ((pixels - 1) * s.y_stride + s.channels) * 4), want = check_bytes(c, y.size);
        kernel->run(&s, floats(x), floats(y), 0, split);
        kernel->run(&s, floats(x), floats(y), split, lines);
        reference->run(&s, floats(x), floats(want), 0, lines);
        for (size_t p = 0; p < pixels; p++) {
            for (size_t i = 0; i < s.channels; i++)
                check_close(c, floats(y)[p * s.y_stride + i], floats(want)[p * s.y_stride + i], round % 3 ? 0x1p-21 : 0,
                    "resize", p * s.channels + i);
        }
        buffer *all[] = {&x, &y, &want};
        for (int i = 0; i < 3; i++) check_release(c, all[i], "resize");
    }
}
