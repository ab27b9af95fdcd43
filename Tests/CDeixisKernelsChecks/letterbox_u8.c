#include "requantize.h"

CHECK_FAMILY(letterbox_u8)

typedef struct axis {
    deixis_letterbox_axis a;
    buffer first, count, weights;
    int32_t *exact;             // [output][taps]
} axis;

/// Windows and weights of any kind whose sums fit 32 bits; now and then those of no resizing.
static axis axis_of(check *c, size_t input, size_t output, size_t most) {
    if (most > input) most = input;
    const size_t taps = (most + 3) / 4 * 4;
    axis x = {.first = check_bytes(c, output * 4),
        .count = check_bytes(c, output * 4),
        .weights = check_bytes(c, output * taps * 4),
        .exact = calloc(output * taps, 4)};
    uint32_t *first = (uint32_t *)(void *)x.first.data, *count = (uint32_t *)(void *)x.count.data;
    int16_t *weights = (int16_t *)(void *)x.weights.data;
    memset(weights, 0, x.weights.size);
    for (size_t i = 0; i < output; i++) {
        count[i] = (uint32_t)(1 + check_random(c) % most);
        first[i] = (uint32_t)(check_random(c) % (input - count[i] + 1));
        if (i + 1 == output) first[i] = (uint32_t)(input - count[i]);
        for (size_t k = 0; k < count[i]; k++) {
            const int32_t share = (1 << 22) / (int32_t)count[i] + 1,
                          size = check_random(c) % 5 ? (int32_t)(check_random(c) % (uint32_t)share) : share;
            const int32_t w = check_random(c) % 4 ? size : -size;
            x.exact[i * taps + k] = w;
            int16_t *four = weights + (i * taps + k / 4 * 4) * 2;
            four[k % 4] = (int16_t)(w & 0x7ff);
            four[4 + k % 4] = (int16_t)(w >> 11);
        }
    }
    x.a = (deixis_letterbox_axis){input, output, taps, first, count, weights};
    return x;
}

static void axis_release(check *c, axis *x) {
    check_release(c, &x->first, "first");
    check_release(c, &x->count, "count");
    check_release(c, &x->weights, "weights");
    free(x->exact);
}

static int wanted(const axis *x, size_t i, const uint8_t *p, size_t step) {
    int64_t sum = 1 << 21;
    for (size_t k = 0; k < x->a.count[i]; k++)
        sum += (int64_t)x->exact[i * x->a.taps + k] * p[(x->a.first[i] + k) * step];
    sum >>= 22;
    return (int)(sum > 255 ? 255 : sum < 0 ? 0 : sum);
}

static void rows(check *c, const deixis_letterbox_u8 *kernel, size_t height, size_t input, size_t output, size_t most) {
    axis x = axis_of(c, input, output, most);
    const size_t x_row = input * 3 + check_random(c) % 3, y_row = output * 3 + check_random(c) % 3,
                 split = check_random(c) % (height + 1);
    buffer in = check_random_bytes(c, (height - 1) * x_row + input * 3),
           out = check_bytes(c, (height - 1) * y_row + output * 3);
    kernel->rows(&x.a, bytes_of(in), x_row, bytes_of(out), y_row, 0, split);
    kernel->rows(&x.a, bytes_of(in), x_row, bytes_of(out), y_row, split, height);
    for (size_t row = 0; row < height && !c->failed; row++) {
        for (size_t j = 0; j < output * 3; j++) {
            const int got = bytes_of(out)[row * y_row + j],
                      want = wanted(&x, j / 3, bytes_of(in) + row * x_row + j % 3, 3);
            if (got != want)
                check_fail(c, "rows %zux%zu to %zu, %zu taps: byte %zu of row %zu is %d, expected %d", input, height,
                    output, most, j, row, got, want);
        }
        for (size_t j = output * 3; j < y_row && row + 1 < height; j++) {
            if (bytes_of(out)[row * y_row + j] != 0xa5)
                check_fail(c, "rows: byte %zu after row %zu was overwritten", j - output * 3, row);
        }
    }
    check_release(c, &in, "x");
    check_release(c, &out, "y");
    axis_release(c, &x);
}

static void columns(
    check *c, const deixis_letterbox_u8 *kernel, size_t bytes, size_t input, size_t output, size_t most) {
    axis x = axis_of(c, input, output, most);
    const size_t x_row = bytes + check_random(c) % 3, y_row = bytes + check_random(c) % 3,
                 split = check_random(c) % (output + 1);
    buffer in = check_random_bytes(c, (input - 1) * x_row + bytes), out = check_bytes(c, (output - 1) * y_row + bytes);
    kernel->columns(&x.a, bytes_of(in), x_row, bytes_of(out), y_row, bytes, 0, split);
    kernel->columns(&x.a, bytes_of(in), x_row, bytes_of(out), y_row, bytes, split, output);
    for (size_t row = 0; row < output && !c->failed; row++) {
        for (size_t j = 0; j < bytes; j++) {
            const int got = bytes_of(out)[row * y_row + j], want = wanted(&x, row, bytes_of(in) + j, x_row);
            if (got != want)
                check_fail(c, "columns of %zu bytes, %zu to %zu, %zu taps: byte %zu of row %zu is %d, expected %d",
                    bytes, input, output, most, j, row, got, want);
        }
        for (size_t j = bytes; j < y_row && row + 1 < output; j++) {
            if (bytes_of(out)[row * y_row + j] != 0xa5)
                check_fail(c, "columns: byte %zu after row %zu was overwritten", j - bytes, row);
        }
    }
    check_release(c, &in, "x");
    check_release(c, &out, "y");
    axis_release(c, &x);
}

static void verify(check *c, const deixis_letterbox_u8 *kernel, const deixis_letterbox_u8 *reference) {
    (void)reference;
    static const size_t inputs[] = {1, 2, 5, 6, 7, 16, 33, 100}, taps[] = {1, 2, 3, 4, 5, 8, 31},
                        widths[] = {1, 3, 15, 16, 17, 31, 32, 33, 63, 100};
    for (int i = 0; i < 200 && !c->failed; i++)
        rows(c, kernel, 1 + check_random(c) % 19, check_pick(c, 8, inputs), 1 + check_random(c) % 12,
            check_pick(c, 7, taps));
    for (int i = 0; i < 200 && !c->failed; i++)
        columns(c, kernel, check_pick(c, 10, widths), check_pick(c, 8, inputs), 1 + check_random(c) % 12,
            check_pick(c, 7, taps));
    // More taps than the copies at the side hold; few of them too, at the widest sums.
    rows(c, kernel, 17, 700, 3, 700);
    rows(c, kernel, 9, 340, 2, 340);
    columns(c, kernel, 50, 700, 3, 700);
}
