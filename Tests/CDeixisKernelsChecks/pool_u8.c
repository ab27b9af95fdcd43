#include "check.h"

CHECK_FAMILY(pool_u8)

static buffer bytes(check *c, size_t count) {
    buffer b = check_bytes(c, count);
    for (size_t i = 0; i < count; i++) b.data[i] = (char)check_random(c);
    return b;
}

static int window(const deixis_pool_f32_shape *s, const uint8_t *x, size_t row, size_t ox, size_t channel) {
    int max = 0;
    for (size_t ky = 0; ky < s->kernel_h; ky++) {
        for (size_t kx = 0; kx < s->kernel_w; kx++) {
            int y = (int)(row % s->out_h * s->stride_h + ky * s->dilation_h) - (int)s->pad_top,
                z = (int)(ox * s->stride_w + kx * s->dilation_w) - (int)s->pad_left;
            if (y < 0 || z < 0 || y >= (int)s->in_h || z >= (int)s->in_w) continue;
            int value = x[((row / s->out_h * s->in_h + (size_t)y) * s->in_w + (size_t)z) * s->x_stride + channel];
            max = value > max ? value : max;
        }
    }
    return max;
}

static void max(check *c, const deixis_pool_u8 *kernel, size_t ch) {
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
        .pad_right = check_random(c) % 3};
    s.x_stride = ch + check_random(c) % 2;
    s.y_stride = ch + check_random(c) % 2;
    const size_t pixels = s.batch * s.out_h * s.out_w, rows = s.batch * s.out_h, split = check_random(c) % (rows + 1);
    buffer x = bytes(c, (s.batch * s.in_h * s.in_w - 1) * s.x_stride + ch),
           y = check_bytes(c, (pixels - 1) * s.y_stride + ch);
    kernel->max(&s, (uint8_t *)x.data, (uint8_t *)y.data, 0, split);
    kernel->max(&s, (uint8_t *)x.data, (uint8_t *)y.data, split, rows);
    for (size_t p = 0; p < pixels; p++) {
        for (size_t i = 0; i < ch; i++) {
            int got = (uint8_t)y.data[p * s.y_stride + i],
                want = window(&s, (uint8_t *)x.data, p / s.out_w, p % s.out_w, i);
            if (got != want)
                check_fail(c, "max of pixel %zu, channel %zu of %zu: got %d, expected %d", p, i, ch, got, want);
        }
        for (size_t i = ch; i < s.y_stride && p + 1 < pixels; i++) {
            if ((uint8_t)y.data[p * s.y_stride + i] != 0xa5)
                check_fail(c, "the byte after pixel %zu was overwritten", p);
        }
    }
    check_release(c, &x, "x");
    check_release(c, &y, "y");
}

static void nearest(check *c, const deixis_pool_u8 *kernel, size_t ch) {
    deixis_resize_tap rows[12], columns[12];
    deixis_resize_f32_shape s = {.batch = 1 + check_random(c) % 2,
        .in_h = 1 + check_random(c) % 6,
        .in_w = 1 + check_random(c) % 6,
        .channels = ch,
        .out_h = 1 + check_random(c) % 12,
        .out_w = 1 + check_random(c) % 12,
        .rows = rows,
        .columns = columns};
    s.x_stride = ch + check_random(c) % 2;
    s.y_stride = ch + check_random(c) % 2;
    for (size_t i = 0; i < s.out_h; i++)
        rows[i].low = rows[i].high = check_random(c) % (uint32_t)s.in_h, rows[i].weight = 0;
    for (size_t i = 0; i < s.out_w; i++)
        columns[i].low = columns[i].high = check_random(c) % (uint32_t)s.in_w, columns[i].weight = 0;
    const size_t pixels = s.batch * s.out_h * s.out_w, lines = s.batch * s.out_h, split = check_random(c) % (lines + 1);
    buffer x = bytes(c, (s.batch * s.in_h * s.in_w - 1) * s.x_stride + ch),
           y = check_bytes(c, (pixels - 1) * s.y_stride + ch);
    kernel->nearest(&s, (uint8_t *)x.data, (uint8_t *)y.data, 0, split);
    kernel->nearest(&s, (uint8_t *)x.data, (uint8_t *)y.data, split, lines);
    for (size_t p = 0; p < pixels; p++) {
        size_t row = p / s.out_w,
               from = (row / s.out_h * s.in_h + rows[row % s.out_h].low) * s.in_w + columns[p % s.out_w].low;
        if (memcmp(y.data + p * s.y_stride, x.data + from * s.x_stride, ch))
            check_fail(c, "nearest: pixel %zu of %zu channels", p, ch);
        for (size_t i = ch; i < s.y_stride && p + 1 < pixels; i++) {
            if ((uint8_t)y.data[p * s.y_stride + i] != 0xa5)
                check_fail(c, "the byte after pixel %zu was overwritten", p);
        }
    }
    check_release(c, &x, "x");
    check_release(c, &y, "y");
}

static void verify(check *c, const deixis_pool_u8 *kernel, const deixis_pool_u8 *reference) {
    (void)reference;
    static const size_t channels[] = {1, 3, 4, 8, 15, 16, 17, 31, 32, 33, 63, 64, 65, 100, 128, 200};
    for (int round = 0; round < 300; round++) {
        max(c, kernel, check_pick(c, 16, channels));
        nearest(c, kernel, check_pick(c, 16, channels));
    }
}
