#include "requantize.h"

// A convolution uses gemm's variants.
#define deixis_conv_f32 deixis_gemm_f32
#define deixis_conv_f32_variants deixis_gemm_f32_variants
CHECK_FAMILY(conv_f32)

static size_t out_size(size_t in, size_t pads, size_t kernel, size_t stride, size_t dilation) {
    size_t reach = (kernel - 1) * dilation + 1;
    return in + pads < reach ? 0 : (in + pads - reach) / stride + 1;
}

static void convolution(check *c, const deixis_gemm_f32 *kernel, const deixis_conv_f32_shape *s, int round) {
    size_t ci = s->in_c / s->groups, co = s->out_c / s->groups, taps = s->kernel_h * s->kernel_w;
    size_t pixels = s->batch * s->out_h * s->out_w, in_pixels = s->batch * s->in_h * s->in_w;
    buffer x = check_floats(c, (in_pixels - 1) * s->x_stride + s->in_c, -1, 1),
           w = check_floats(c, s->out_c * ci * taps, -1, 1);
    buffer bias = check_floats(c, s->out_c, -1, 1),
           residual = check_floats(c, (pixels - 1) * s->residual_stride + s->out_c, -1, 1);
    buffer y = check_floats(c, (pixels - 1) * s->y_stride + s->out_c, -1, 1),
           packed = check_bytes(c, deixis_conv_f32_packed_size(kernel, s) * 4);
    const deixis_caches caches = check_caches(c);
    const bool normalized = round % 5 == 1 && deixis_conv_f32_converts(s);
    buffer image = check_random_bytes(c, x.size / 4), scale = check_floats(c, s->in_c, -0.01f, 0.01f),
           shift = check_floats(c, s->in_c, -1, 1);
    for (size_t i = 0; normalized && i < x.size / 4; i++) {
        const size_t channel = i % s->x_stride;
        if (channel < s->in_c)
            floats(x)[i] = (float)((double)floats(scale)[channel] * bytes_of(image)[i] + floats(shift)[channel]);
    }
    buffer scratch = check_bytes(c, deixis_conv_f32_scratch(kernel, s, normalized, caches));
    size_t panels = deixis_conv_f32_panels(kernel, s), half = panels / 2, split = check_random(c) % (pixels + 1);
    deixis_conv_f32_pack(kernel, s, floats(w), half, panels, floats(packed));
    deixis_conv_f32_pack(kernel, s, floats(w), 0, half, floats(packed));
    static const int32_t functions[] = {DEIXIS_UNARY_IDENTITY, DEIXIS_UNARY_RELU, DEIXIS_UNARY_SILU};
    deixis_conv_f32_args args = {normalized ? NULL : floats(x), floats(packed), round % 3 ? floats(bias) : NULL,
        round % 4 ? NULL : floats(residual), floats(y), {functions[round % 3], 0, 0}, caches,
        normalized ? bytes_of(image) : NULL, deixis_normalize_u8_select(kernel->isa), floats(scale), floats(shift)};
    deixis_conv_f32_run(kernel, s, &args, 0, split, 0, half, scratch.data);
    deixis_conv_f32_run(kernel, s, &args, 0, pixels, half, panels, scratch.data);
    deixis_conv_f32_run(kernel, s, &args, split, pixels, 0, half, scratch.data);
    for (size_t p = 0; p < pixels; p++) {
        size_t b = p / (s->out_h * s->out_w), oy = p / s->out_w % s->out_h, ox = p % s->out_w;
        for (size_t o = 0; o < s->out_c; o++) {
            double sum = args.bias ? floats(bias)[o] : 0, size = fabs(sum);
            if (args.residual) sum += floats(residual)[p * s->residual_stride + o], size += 1;
            for (size_t t = 0; t < taps; t++) {
                ptrdiff_t iy = (ptrdiff_t)(oy * s->stride_h + t / s->kernel_w * s->dilation_h) - (ptrdiff_t)s->pad_top;
                ptrdiff_t ix = (ptrdiff_t)(ox * s->stride_w + t % s->kernel_w * s->dilation_w) - (ptrdiff_t)s->pad_left;
                if (iy < 0 || ix < 0 || iy >= (ptrdiff_t)s->in_h || ix >= (ptrdiff_t)s->in_w) continue;
                for (size_t i = 0; i < ci; i++) {
                    double term =
                        (double)floats(
                            x)[((b * s->in_h + (size_t)iy) * s->in_w + (size_t)ix) * s->x_stride + o / co * ci + i] *
                        floats(w)[(o * ci + i) * taps + t];
                    sum += term;
                    size += fabs(term);
                }
            }
            // Normalized values have an error of their own.
            double bound = 0x1p-23 * (double)(ci * taps + (normalized ? 6 : 2)) * (normalized ? size + 4 : size);
            if (args.activation.function == DEIXIS_UNARY_RELU && sum < 0) sum = 0;
            if (args.activation.function == DEIXIS_UNARY_SILU)
                sum = sum / (1 + exp(-sum)), bound = 1.2 * bound + 1e-6 * (1 + fabs(sum));
            check_close(c, floats(y)[p * s->y_stride + o], sum, bound, "conv", p * s->out_c + o);
        }
    }
    if (c->failed && !strstr(c->message, "in ")) {
        size_t length = strlen(c->message);
        snprintf(c->message + length, c->capacity - length,
            " (in %zux%zux%zu, out %zux%zux%zu, kernel %zux%zu, stride %zu %zu, dilation %zu %zu, pads %zu %zu, groups "
            "%zu)",
            s->in_h, s->in_w, s->in_c, s->out_h, s->out_w, s->out_c, s->kernel_h, s->kernel_w, s->stride_h, s->stride_w,
            s->dilation_h, s->dilation_w, s->pad_top, s->pad_left, s->groups);
    }
    buffer *all[] = {&x, &w, &bias, &residual, &y, &packed, &scratch, &image, &scale, &shift};
    for (int i = 0; i < 10; i++) check_release(c, all[i], "conv");
}

static void verify(check *c, const deixis_gemm_f32 *kernel, const deixis_gemm_f32 *reference) {
    (void)reference;
    static const size_t per_group_in[] = {1, 2, 3, 4, 15, 16, 17, 20, 33}, per_group_out[] = {1, 3, 4, 16, 20, 48, 65},
                        images[] = {1, 2, 5, 7, 12, 19};
    int done = 0;
    while (done < 150 && !c->failed) {
        size_t groups = check_random(c) % 4 ? 1 : 1 + check_random(c) % 3;
        deixis_conv_f32_shape s = {.batch = 1 + check_random(c) % 2,
            .in_h = check_pick(c, 6, images),
            .in_w = check_pick(c, 6, images),
            .in_c = groups * check_pick(c, 9, per_group_in),
            .out_c = groups * check_pick(c, 7, per_group_out),
            .kernel_h = 1 + check_random(c) % 4,
            .kernel_w = 1 + check_random(c) % 4,
            .stride_h = 1 + check_random(c) % 2,
            .stride_w = 1 + check_random(c) % 3,
            .dilation_h = 1 + check_random(c) % 2,
            .dilation_w = check_random(c) % 3 ? 1 : 2,
            .groups = groups};
        s.pad_top = check_random(c) % 3;
        s.pad_left = check_random(c) % 4;
        s.out_h = out_size(s.in_h, s.pad_top + check_random(c) % 3, s.kernel_h, s.stride_h, s.dilation_h);
        s.out_w = out_size(s.in_w, s.pad_left + check_random(c) % 4, s.kernel_w, s.stride_w, s.dilation_w);
        if (s.out_h == 0 || s.out_w == 0) continue;
        s.x_stride = s.in_c + (check_random(c) % 3 ? 0 : 2);
        s.y_stride = s.out_c + check_random(c) % 2;
        s.residual_stride = s.out_c + check_random(c) % 2;
        convolution(c, kernel, &s, done++);
    }
    // The stem; a depth of several steps; a pixel count beyond a block.
    deixis_conv_f32_shape stem = {1, 20, 23, 3, 10, 12, 64, 7, 7, 2, 2, 1, 1, 3, 3, 1, 3, 64, 64};
    convolution(c, kernel, &stem, 1);
    deixis_conv_f32_shape deep = {1, 4, 4, 500, 4, 4, 20, 3, 3, 1, 1, 1, 1, 1, 1, 1, 500, 20, 20};
    convolution(c, kernel, &deep, 4);
    deixis_conv_f32_shape wide = {1, 18, 18, 100, 18, 18, 70, 3, 3, 1, 1, 1, 1, 1, 1, 1, 100, 70, 70};
    convolution(c, kernel, &wide, 8);
}
