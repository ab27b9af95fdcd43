#include "check.h"

CHECK_FAMILY(winograd_f32)

static void convolution(check *c, const deixis_winograd_f32 *kernel, const deixis_conv_f32_shape *s, int round) {
    const deixis_gemm_f32 *gemm = deixis_gemm_f32_select(kernel->isa, s->out_c);
    size_t pixels = s->batch * s->out_h * s->out_w, in_pixels = s->batch * s->in_h * s->in_w,
           tiles = deixis_winograd_f32_tiles(s);
    size_t split = check_random(c) % (tiles + 1), panels = deixis_gemm_f32_panels(gemm, s->out_c);
    buffer x = check_floats(c, (in_pixels - 1) * s->x_stride + s->in_c, -1, 1),
           w = check_floats(c, s->out_c * s->in_c * 9, -1, 1);
    buffer bias = check_floats(c, s->out_c, -1, 1),
           residual = check_floats(c, (pixels - 1) * s->residual_stride + s->out_c, -1, 1);
    buffer y = check_floats(c, (pixels - 1) * s->y_stride + s->out_c, -1, 1),
           packed = check_bytes(c, deixis_winograd_f32_packed_size(gemm, s) * 4);
    buffer scratch = check_bytes(c, deixis_winograd_f32_scratch(s, tiles) * 4);
    deixis_winograd_f32_pack(gemm, s, floats(w), panels / 2, panels, floats(packed));
    deixis_winograd_f32_pack(gemm, s, floats(w), 0, panels / 2, floats(packed));
    static const int32_t functions[] = {DEIXIS_UNARY_IDENTITY, DEIXIS_UNARY_RELU};
    deixis_conv_f32_args args = {floats(x), floats(packed), round % 3 ? floats(bias) : NULL,
        round % 4 ? NULL : floats(residual), floats(y), {functions[round % 2], 0, 0}, check_caches(c), NULL, NULL, NULL,
        NULL};
    kernel->run(gemm, s, &args, split, tiles, floats(scratch));
    kernel->run(gemm, s, &args, 0, split, floats(scratch));
    // The convolution itself, not another Winograd.
    for (size_t p = 0; p < pixels; p++) {
        size_t b = p / (s->out_h * s->out_w), oy = p / s->out_w % s->out_h, ox = p % s->out_w;
        for (size_t o = 0; o < s->out_c; o++) {
            double sum = args.bias ? floats(bias)[o] : 0;
            if (args.residual) sum += floats(residual)[p * s->residual_stride + o];
            for (size_t t = 0; t < 9; t++) {
                size_t iy = oy + t / 3 - s->pad_top, ix = ox + t % 3 - s->pad_left;
                if (iy >= s->in_h || ix >= s->in_w) continue;
                for (size_t i = 0; i < s->in_c; i++) {
                    sum += (double)floats(x)[((b * s->in_h + iy) * s->in_w + ix) * s->x_stride + i] *
                        floats(w)[(o * s->in_c + i) * 9 + t];
                }
            }
            if (args.activation.function == DEIXIS_UNARY_RELU && sum < 0) sum = 0;
            check_close(c, floats(y)[p * s->y_stride + o], sum,
                0x1p-23 * (double)(s->in_c + 18) * (9 * (double)s->in_c + 2), "winograd", p * s->out_c + o);
        }
    }
    buffer *all[] = {&x, &w, &bias, &residual, &y, &packed, &scratch};
    for (int i = 0; i < 7; i++) check_release(c, all[i], "winograd");
}

static void verify(check *c, const deixis_winograd_f32 *kernel, const deixis_winograd_f32 *reference) {
    (void)reference;
    static const size_t channels[] = {16, 32, 48, 80};
    for (int round = 0; round < 100 && !c->failed; round++) {
        deixis_conv_f32_shape s = {.batch = 1 + check_random(c) % 2,
            .in_h = 1 + check_random(c) % 9,
            .in_w = 1 + check_random(c) % 9,
            .in_c = check_pick(c, 4, channels),
            .out_c = check_pick(c, 4, channels),
            .kernel_h = 3,
            .kernel_w = 3,
            .stride_h = 1,
            .stride_w = 1,
            .dilation_h = 1,
            .dilation_w = 1,
            .pad_top = check_random(c) % 3,
            .pad_left = check_random(c) % 3,
            .groups = 1};
        size_t tall = s.in_h + s.pad_top + check_random(c) % 3, wide = s.in_w + s.pad_left + check_random(c) % 3;
        if (tall < 3 || wide < 3) continue;
        s.out_h = tall - 2;
        s.out_w = wide - 2;
        s.x_stride = s.in_c + check_random(c) % 2;
        s.y_stride = s.out_c + check_random(c) % 2;
        s.residual_stride = s.out_c + check_random(c) % 2;
        convolution(c, kernel, &s, round);
    }
}
