#include "requantize.h"

// A convolution uses gemm's variants.
#define deixis_conv_s8 deixis_gemm_s8
#define deixis_conv_s8_variants deixis_gemm_s8_variants
CHECK_FAMILY(conv_s8)

static size_t out_size(size_t in, size_t pads, size_t kernel, size_t stride, size_t dilation) {
    size_t reach = (kernel - 1) * dilation + 1;
    return in + pads < reach ? 0 : (in + pads - reach) / stride + 1;
}

/// The sum of output o at pixel p.
static int32_t product(
    const deixis_conv_f32_shape *s, const deixis_conv_s8_args *args, const int8_t *w, size_t p, size_t o) {
    const size_t ci = s->in_c / s->groups, co = s->out_c / s->groups, taps = s->kernel_h * s->kernel_w;
    const size_t b = p / (s->out_h * s->out_w), oy = p / s->out_w % s->out_h, ox = p % s->out_w;
    int32_t sum = 0;
    for (size_t t = 0; t < taps; t++) {
        const ptrdiff_t iy = (ptrdiff_t)(oy * s->stride_h + t / s->kernel_w * s->dilation_h) - (ptrdiff_t)s->pad_top;
        const ptrdiff_t ix = (ptrdiff_t)(ox * s->stride_w + t % s->kernel_w * s->dilation_w) - (ptrdiff_t)s->pad_left;
        const bool inside = iy >= 0 && ix >= 0 && iy < (ptrdiff_t)s->in_h && ix < (ptrdiff_t)s->in_w;
        for (size_t i = 0; i < ci; i++) {
            const size_t c = o / co * ci + i;
            int32_t x =
                inside ? args->x[((b * s->in_h + (size_t)iy) * s->in_w + (size_t)ix) * s->x_stride + c] : args->zero;
            if (inside && args->map) x = args->table[args->table_channels == 1 ? x : (int32_t)c * 256 + x];
            sum += x * w[(o * ci + i) * taps + t];
        }
    }
    return sum;
}

static void convolution(check *c, const deixis_gemm_s8 *kernel, const deixis_conv_f32_shape *s, int round) {
    const size_t ci = s->in_c / s->groups, taps = s->kernel_h * s->kernel_w, pixels = s->batch * s->out_h * s->out_w,
                 in_pixels = s->batch * s->in_h * s->in_w;
    requantized r = requantize_pick(c, s->out_c, ci * taps, round);
    const size_t y_size = r.q.output_type == DEIXIS_S8_F32 ? 4 : 1,
                 r_count = (pixels - 1) * s->residual_stride + s->out_c;
    buffer x = check_random_bytes(c, (in_pixels - 1) * s->x_stride + s->in_c),
           w = check_random_bytes(c, s->out_c * ci * taps);
    buffer residual =
        r.q.residual_type == DEIXIS_S8_F32 ? check_floats(c, r_count, -100, 100) : check_random_bytes(c, r_count);
    buffer y = check_bytes(c, ((pixels - 1) * s->y_stride + s->out_c) * y_size),
           packed = check_bytes(c, (deixis_conv_s8_packed_size(kernel, s) + 63) / 64 * 64);
    const deixis_caches caches = check_caches(c);
    const bool mapped = round % 3 == 1 && deixis_conv_f32_converts(s);
    const size_t tables = round % 2 ? 1 : s->in_c;
    buffer scratch = check_bytes(c, deixis_conv_s8_scratch(kernel, s, mapped, caches)),
           table = check_random_bytes(c, tables * 256);
    const size_t panels = deixis_conv_s8_panels(kernel, s), half = panels / 2, split = check_random(c) % (pixels + 1);
    deixis_conv_s8_pack(kernel, s, (const int8_t *)w.data, half, panels, (int8_t *)packed.data);
    deixis_conv_s8_pack(kernel, s, (const int8_t *)w.data, 0, half, (int8_t *)packed.data);
    const bool has_residual = r.q.residual_type != DEIXIS_S8_NONE;
    deixis_conv_s8_args args = {bytes_of(x), (int32_t)(check_random(c) % 256), (const int8_t *)packed.data,
        has_residual ? residual.data : NULL, y.data, r.q, caches,
        mapped ? deixis_quantize_u8_select(kernel->isa) : NULL, bytes_of(table), tables};
    deixis_conv_s8_run(kernel, s, &args, 0, split, 0, half, scratch.data);
    deixis_conv_s8_run(kernel, s, &args, 0, pixels, half, panels, scratch.data);
    deixis_conv_s8_run(kernel, s, &args, split, pixels, 0, half, scratch.data);
    for (size_t p = 0; p < pixels && !c->failed; p++) {
        for (size_t o = 0; o < s->out_c; o++) {
            const int32_t sum = product(s, &args, (const int8_t *)w.data, p, o);
            if (!requantize_equal(
                    c, &r.q, o, sum, args.residual, p * s->residual_stride + o, y.data, p * s->y_stride + o, "conv_s8"))
                break;
        }
    }
    if (c->failed && !strstr(c->message, "in ")) {
        const size_t length = strlen(c->message);
        snprintf(c->message + length, c->capacity - length,
            " (in %zux%zux%zu, out %zux%zux%zu, kernel %zux%zu, stride %zu %zu, dilation %zu %zu, pads %zu %zu, groups "
            "%zu)",
            s->in_h, s->in_w, s->in_c, s->out_h, s->out_w, s->out_c, s->kernel_h, s->kernel_w, s->stride_h, s->stride_w,
            s->dilation_h, s->dilation_w, s->pad_top, s->pad_left, s->groups);
    }
    buffer *all[] = {&x, &w, &residual, &y, &packed, &scratch, &table, &r.offset, &r.multiplier, &r.cuts};
    for (int i = 0; i < 10; i++) check_release(c, all[i], "conv_s8");
}

static void verify(check *c, const deixis_gemm_s8 *kernel, const deixis_gemm_s8 *reference) {
    (void)reference;
    static const size_t per_group_in[] = {1, 2, 3, 4, 15, 16, 17, 20, 33},
                        per_group_out[] = {1, 3, 4, 16, 20, 48, 65, 128}, images[] = {1, 2, 5, 7, 12, 19};
    int done = 0;
    while (done < 200 && !c->failed) {
        const size_t groups = check_random(c) % 4 ? 1 : 1 + check_random(c) % 3;
        const bool one = check_random(c) % 5 == 0;
        deixis_conv_f32_shape s = {.batch = 1 + check_random(c) % 2,
            .in_h = check_pick(c, 6, images),
            .in_w = check_pick(c, 6, images),
            .in_c = groups * check_pick(c, 9, per_group_in),
            .out_c = groups * check_pick(c, 8, per_group_out),
            .kernel_h = one ? 1 : 1 + check_random(c) % 4,
            .kernel_w = one ? 1 : 1 + check_random(c) % 4,
            .stride_h = one ? 1 : 1 + check_random(c) % 2,
            .stride_w = one ? 1 : 1 + check_random(c) % 3,
            .dilation_h = 1 + check_random(c) % 2,
            .dilation_w = check_random(c) % 3 ? 1 : 2,
            .groups = groups};
        if (!one) s.pad_top = check_random(c) % 3, s.pad_left = check_random(c) % 4;
        s.out_h = out_size(s.in_h, one ? 0 : s.pad_top + check_random(c) % 3, s.kernel_h, s.stride_h, s.dilation_h);
        s.out_w = out_size(s.in_w, one ? 0 : s.pad_left + check_random(c) % 4, s.kernel_w, s.stride_w, s.dilation_w);
        if (s.out_h == 0 || s.out_w == 0) continue;
        s.x_stride = s.in_c + (check_random(c) % 3 ? 0 : 2);
        s.y_stride = s.out_c + check_random(c) % 2;
        s.residual_stride = s.out_c + check_random(c) % 2;
        convolution(c, kernel, &s, done++);
    }
    // The stem; a deep sum; pixel counts beyond a block; a depthwise one.
    deixis_conv_f32_shape stem = {1, 20, 23, 3, 10, 12, 64, 7, 7, 2, 2, 1, 1, 3, 3, 1, 3, 64, 64};
    for (int i = 0; i < 3; i++) convolution(c, kernel, &stem, i);
    deixis_conv_f32_shape deep = {1, 4, 4, 500, 4, 4, 20, 3, 3, 1, 1, 1, 1, 1, 1, 1, 500, 20, 20};
    convolution(c, kernel, &deep, 4);
    deixis_conv_f32_shape wide = {1, 18, 18, 100, 18, 18, 70, 3, 3, 1, 1, 1, 1, 1, 1, 1, 100, 70, 70};
    convolution(c, kernel, &wide, 8);
    deixis_conv_f32_shape depthwise = {1, 9, 9, 10, 9, 9, 10, 3, 3, 1, 1, 1, 1, 1, 1, 10, 10, 10, 10};
    convolution(c, kernel, &depthwise, 12);
}
