#include "check.h"

CHECK_FAMILY(quantize_u8)

/// The same bits; any NaN for a NaN.
static void same_floats(check *c, const float *got, const float *want, size_t count, const char *what, int32_t f) {
    for (size_t i = 0; i < count; i++) {
        if (memcmp(got + i, want + i, 4) && (got[i] == got[i] || want[i] == want[i]))
            check_fail(c, "%s, function %d, element %zu: got %a, expected %a", what, f, i, got[i], want[i]);
    }
}

static void same_bytes(check *c, const uint8_t *got, const uint8_t *want, size_t count, const char *what, int32_t f) {
    for (size_t i = 0; i < count; i++) {
        if (got[i] != want[i])
            check_fail(c, "%s, function %d, element %zu: got %d, expected %d", what, f, i, got[i], want[i]);
    }
}

static const float special[] = {0, -0.0f, 1, -1, INFINITY, -INFINITY, NAN, 0x1p-126f, -0x1p-126f, 0x1p-149f,
    3.4028235e38f, -3.4028235e38f, 88.7f, 88.8f, -87.3f, -87.4f, -103, -104, 105, 0.625f, -0.625f, 0.99999994f, 3.9f, 4,
    -4, 9, -9, -11, -12, 20, -100, -101, 0.5f, 1.5f, 2.5f, -0.5f, -1.5f};
enum { specials = sizeof special / sizeof special[0] };
static const size_t lengths[] = {
    0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 48, 63, 64, 65, 100, 255, 256, 257, 1000};

/// v / scale rounded, in double precision. False where the rounding of v could decide otherwise.
static bool nearest(double v, double scale, int32_t zero, double slack, int *want) {
    double t = v / scale, r = nearbyint(t);
    *want = v != v ? 0 : (int)fmin(fmax(r + zero, 0), 255);
    return v != v || fabs(fabs(t - r) - 0.5) > slack / fabs(scale) + 1e-6 * fabs(t) || fabs(t) > 1000;
}

static void functions(check *c, const deixis_quantize_u8 *kernel, const deixis_quantize_u8 *reference, int32_t f) {
    const deixis_activation activation = {f, 0.3f, 1.7f};
    const deixis_unary_f32 *exact = NULL;
    size_t families;
    exact = deixis_unary_f32_variants(&families) + families - 1;
    for (int round = 0; round < 8; round++) {
        const size_t count = 700 + check_random(c) % 40;
        buffer x = check_floats(c, count, round % 2 ? -110 : -3, round % 2 ? 110 : 3), y = check_bytes(c, count * 4),
               want = check_bytes(c, count * 4), right = check_bytes(c, count * 4);
        memcpy(x.data, special, sizeof special);
        kernel->apply(activation, floats(x), floats(y), count);
        reference->apply(activation, floats(x), floats(want), count);
        exact->run(activation, floats(x), floats(right), count);
        same_floats(c, floats(y), floats(want), count, "apply", f);
        // Bounds of unary_f32.h with a margin, since nothing is fused: 5 ulp, and 4e-7 of x for products, of both terms
        // for sums.
        for (size_t i = 0; i < count; i++) {
            float v = floats(x)[i], r = floats(right)[i];
            if (check_ulps(floats(want)[i], r) <= 5 || (fabsf(r) < 0x1p-125f && fabsf(floats(want)[i]) < 0x1p-125f))
                continue;
            check_close(c, floats(want)[i], r, 4e-7 * (fabs(v) + 1.7), "value of a function", i);
        }
        buffer q = check_bytes(c, count), q_want = check_bytes(c, count);
        const float scale = 1 / check_uniform(c, 0.5f, 60);
        const int32_t zero = (int32_t)(check_random(c) % 256);
        kernel->quantize(activation, floats(x), scale, zero, (uint8_t *)q.data, count);
        reference->quantize(activation, floats(x), scale, zero, (uint8_t *)q_want.data, count);
        same_bytes(c, (uint8_t *)q.data, (uint8_t *)q_want.data, count, "quantize", f);
        for (size_t i = 0; i < count; i++) {
            int byte;
            if (nearest(floats(want)[i], scale, zero, 0, &byte) && byte != (uint8_t)q_want.data[i])
                check_fail(c, "quantized %a is %d, not %d", floats(want)[i], (uint8_t)q_want.data[i], byte);
        }
        // In place, every short length.
        const size_t n = check_pick(c, 17, lengths);
        buffer both = check_bytes(c, n * 4), bytes = check_bytes(c, n);
        memcpy(both.data, x.data, n * 4);
        kernel->quantize(activation, floats(both), scale, zero, (uint8_t *)bytes.data, n);
        kernel->apply(activation, floats(both), floats(both), n);
        same_floats(c, floats(both), floats(want), n, "apply in place", f);
        same_bytes(c, (uint8_t *)bytes.data, (uint8_t *)q_want.data, n, "quantize short", f);
        buffer *all[] = {&x, &y, &want, &right, &q, &q_want, &both, &bytes};
        for (int i = 0; i < 8; i++) check_release(c, all[i], "functions");
    }
}

static void ties(check *c, const deixis_quantize_u8 *kernel) {
    const deixis_activation none = {DEIXIS_UNARY_IDENTITY, 0, 0};
    float x[600];
    uint8_t y[600];
    for (int32_t zero = 0; zero < 256; zero += 51) {
        for (int i = 0; i < 600; i++) x[i] = (float)(i - 300) / 2;
        kernel->quantize(none, x, 1, zero, y, 600);
        for (int i = 0; i < 600; i++) {
            int want = (int)nearbyint(x[i]) + zero;
            want = want < 0 ? 0 : want > 255 ? 255 : want;
            if (y[i] != want) check_fail(c, "%g rounds to %d, not %d", x[i], y[i], want);
        }
    }
}

/// Multiples and half multiples of 0.1 and its like: a product with 1 / scale rounds some of them the other way.
static void divisions(check *c, const deixis_quantize_u8 *kernel) {
    const deixis_activation none = {DEIXIS_UNARY_IDENTITY, 0, 0};
    for (int s = 1; s < 40; s++) {
        const float scale = (float)s / 390;
        float x[510];
        uint8_t y[510];
        for (int i = 0; i < 510; i++) x[i] = ((float)i / 2 - 127) * scale;
        kernel->quantize(none, x, scale, 127, y, 510);
        for (int i = 0; i < 510; i++) {
            const volatile float t = x[i] / scale;
            const int want = (int)rintf(t) + 127;
            if (y[i] != (want < 0 ? 0 : want > 255 ? 255 : want))
                check_fail(c, "%a / %a is %d, not %d", x[i], scale, y[i], want);
        }
    }
}

static void moves(check *c, const deixis_quantize_u8 *kernel, const deixis_quantize_u8 *reference, int round) {
    const size_t count = check_pick(c, 24, lengths);
    buffer x = check_bytes(c, count), y = check_bytes(c, count * 4), want = check_bytes(c, count * 4);
    for (size_t i = 0; i < count; i++) x.data[i] = (char)check_random(c);
    const int32_t zero = (int32_t)(check_random(c) % 256);
    const float scale = check_uniform(c, 0.001f, 2);
    kernel->dequantize((uint8_t *)x.data, scale, zero, floats(y), count);
    reference->dequantize((uint8_t *)x.data, scale, zero, floats(want), count);
    same_floats(c, floats(y), floats(want), count, "dequantize", 0);
    for (size_t i = 0; i < count; i++)
        check_close(c, floats(want)[i], (float)(((double)(uint8_t)x.data[i] - zero) * scale), 0, "dequantized", i);

    const size_t columns = 1 + check_random(c) % 70, rows = check_random(c) % 5, cells = rows * columns;
    buffer table = check_bytes(c, cells), scales = check_floats(c, columns, 0, 1), wide = check_bytes(c, cells * 4),
           wide_want = check_bytes(c, cells * 4);
    for (size_t i = 0; i < cells; i++) table.data[i] = (char)check_random(c);
    kernel->dequantize_columns((int8_t *)table.data, floats(scales), floats(wide), rows, columns);
    reference->dequantize_columns((int8_t *)table.data, floats(scales), floats(wide_want), rows, columns);
    same_floats(c, floats(wide), floats(wide_want), cells, "columns", 0);
    for (size_t i = 0; i < cells; i++)
        check_close(c, floats(wide_want)[i], (float)((double)(int8_t)table.data[i] * floats(scales)[i % columns]), 0,
            "column", i);

    const size_t channels = 1 + check_random(c) % 5, pixels = check_pick(c, 24, lengths), size = pixels * channels;
    buffer maps = check_bytes(c, channels * 256), from = check_bytes(c, size), to = check_bytes(c, size);
    for (size_t i = 0; i < channels * 256; i++) maps.data[i] = (char)check_random(c);
    for (size_t i = 0; i < size; i++) from.data[i] = (char)check_random(c);
    kernel->map((uint8_t *)from.data, (uint8_t *)maps.data, (uint8_t *)to.data, pixels, channels);
    for (size_t i = 0; i < size; i++) {
        if (to.data[i] != maps.data[i % channels * 256 + (uint8_t)from.data[i]])
            check_fail(c, "map of %zu channels, byte %zu", channels, i);
    }
    (void)round;
    buffer *all[] = {&x, &y, &want, &table, &scales, &wide, &wide_want, &maps, &from, &to};
    for (int i = 0; i < 10; i++) check_release(c, all[i], "moves");
}

static void add(check *c, const deixis_quantize_u8 *kernel, const deixis_quantize_u8 *reference, int round) {
    static const int32_t list[] = {
        DEIXIS_UNARY_IDENTITY, DEIXIS_UNARY_RELU, DEIXIS_UNARY_GELU, DEIXIS_UNARY_SIN, DEIXIS_UNARY_CLIP};
    const size_t count = check_pick(c, 24, lengths);
    const bool b_floats = round % 2, y_floats = round / 2 % 2;
    buffer a = check_bytes(c, count), b = check_bytes(c, count * (b_floats ? 4 : 1)),
           y = check_bytes(c, count * (y_floats ? 4 : 1)), want = check_bytes(c, y.size);
    for (size_t i = 0; i < count; i++) a.data[i] = (char)check_random(c);
    for (size_t i = 0; i < count; i++) {
        if (b_floats) floats(b)[i] = check_uniform(c, -3, 3);
        else b.data[i] = (char)check_random(c);
    }
    deixis_add_u8_args args = {(uint8_t *)a.data, (int32_t)(check_random(c) % 256), check_uniform(c, 0.01f, 0.1f),
        b.data, b_floats ? DEIXIS_S8_F32 : DEIXIS_S8_U8, (int32_t)(check_random(c) % 256),
        check_uniform(c, 0.01f, 0.1f), {list[check_random(c) % 5], -0.5f, 0.5f}, want.data,
        y_floats ? DEIXIS_S8_F32 : DEIXIS_S8_U8, 1 / check_uniform(c, 1, 40), (int32_t)(check_random(c) % 256)};
    reference->add(&args, 0, count);
    for (size_t i = 0; i < count && args.activation.function == DEIXIS_UNARY_IDENTITY; i++) {
        double first = ((double)(uint8_t)a.data[i] - args.zero_a) * args.scale_a,
               second = b_floats ? floats(b)[i] : ((double)(uint8_t)b.data[i] - args.zero_b) * args.scale_b;
        double slack = 0x1p-23 * (fabs(first) + fabs(second));
        int byte;
        if (y_floats) check_close(c, floats(want)[i], first + second, slack, "sum", i);
        else if (nearest(first + second, args.scale, args.zero, slack, &byte) && byte != (uint8_t)want.data[i])
            check_fail(c, "sum %zu is %d, not %d", i, (uint8_t)want.data[i], byte);
    }
    args.y = y.data;
    // y may be an operand.
    if (round % 8 == 4 && !y_floats) args.y = a.data;
    if (round % 8 == 7 || (round % 8 == 0 && !y_floats && !b_floats)) args.y = b.data;
    const size_t split = count ? check_random(c) % (count + 1) : 0;
    kernel->add(&args, 0, split);
    kernel->add(&args, split, count);
    if (y_floats) same_floats(c, args.y, floats(want), count, "add", args.activation.function);
    else same_bytes(c, args.y, (uint8_t *)want.data, count, "add", args.activation.function);
    buffer *all[] = {&a, &b, &y, &want};
    for (int i = 0; i < 4; i++) check_release(c, all[i], "add");
}

static void verify(check *c, const deixis_quantize_u8 *kernel, const deixis_quantize_u8 *reference) {
    for (int32_t f = 0; f < DEIXIS_UNARY_COUNT; f++) functions(c, kernel, reference, f);
    ties(c, kernel);
    divisions(c, kernel);
    for (int round = 0; round < 200; round++) {
        moves(c, kernel, reference, round);
        add(c, kernel, reference, round);
    }
}
