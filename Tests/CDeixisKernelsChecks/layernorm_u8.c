#include "check.h"

CHECK_FAMILY(layernorm_u8)

static buffer values(check *c, size_t count, bool bytes) {
    if (!bytes) return check_floats(c, count, -4, 4);
    buffer b = check_bytes(c, count);
    for (size_t i = 0; i < count; i++) b.data[i] = (char)check_random(c);
    return b;
}

/// The exact rows, and how far float32 sums may be from them.
static void exact(const deixis_layernorm_u8_args *a, size_t row, double *y, double *bound) {
    double mean = 0, variance = 0, size = 0;
    for (size_t i = 0; i < a->count; i++) {
        ptrdiff_t at = (ptrdiff_t)row * a->x_row + (ptrdiff_t)i, r = (ptrdiff_t)row * a->residual_row + (ptrdiff_t)i;
        double x = a->x_type == DEIXIS_S8_U8 ? ((double)((const uint8_t *)a->x)[at] - a->x_zero) * a->x_scale
                                             : ((const float *)a->x)[at],
               s = x;
        if (a->residual) {
            double v = a->residual_type == DEIXIS_S8_U8
                ? ((double)((const uint8_t *)a->residual)[r] - a->residual_zero) * a->residual_scale
                : ((const float *)a->residual)[r];
            s += v;
            size = fmax(size, fabs(v));
        }
        size = fmax(size, fabs(x));
        y[i] = s;
        mean += s;
    }
    mean /= (double)a->count;
    for (size_t i = 0; i < a->count; i++) variance += (y[i] - mean) * (y[i] - mean);
    variance /= (double)a->count;
    const double deviation = sqrt(variance + a->epsilon), off = 0x1p-20 * size / deviation;
    for (size_t i = 0; i < a->count; i++) {
        double scale = a->scale ? a->scale[i] : 1, shift = a->shift ? a->shift[i] : 0;
        y[i] = (y[i] - mean) / deviation;
        bound[i] = fabs(scale) * (off + (0x1p-20 + off) * fabs(y[i])) + 0x1p-22 * fabs(shift);
        y[i] = y[i] * scale + shift;
    }
}

static void verify(check *c, const deixis_layernorm_u8 *kernel, const deixis_layernorm_u8 *reference) {
    static const size_t counts[] = {1, 2, 3, 7, 8, 15, 16, 17, 31, 33, 64, 100, 256, 768, 1001};
    for (int round = 0; round < 240; round++) {
        const size_t count = check_pick(c, 15, counts), rows = 1 + check_random(c) % 5,
                     row = count + check_random(c) % 3, size = (rows - 1) * row + count;
        const bool x_bytes = check_random(c) % 2, r_bytes = check_random(c) % 2;
        buffer x = values(c, size, x_bytes), residual = values(c, size, r_bytes), scale = check_floats(c, count, -2, 2),
               shift = check_floats(c, count, -2, 2);
        buffer y = check_bytes(c, size), want = check_bytes(c, size), real = check_bytes(c, size * 4),
               real_want = check_bytes(c, size * 4);
        buffer scratch = check_bytes(c, count * 4);
        if (round % 20 == 19 && !x_bytes) floats(x)[check_random(c) % count] = round % 40 == 19 ? NAN : INFINITY;
        deixis_layernorm_u8_args args = {.x = x.data,
            .x_type = x_bytes ? DEIXIS_S8_U8 : DEIXIS_S8_F32,
            .x_zero = (int32_t)(check_random(c) % 256),
            .x_scale = check_uniform(c, 0.01f, 0.1f),
            .x_row = (ptrdiff_t)row,
            .residual = round % 3 ? residual.data : NULL,
            .residual_type = r_bytes ? DEIXIS_S8_U8 : DEIXIS_S8_F32,
            .residual_zero = (int32_t)(check_random(c) % 256),
            .residual_scale = check_uniform(c, 0.01f, 0.1f),
            .residual_row = (ptrdiff_t)row,
            .scale = round % 4 ? floats(scale) : NULL,
            .shift = round % 5 ? floats(shift) : NULL,
            .epsilon = 1e-5f,
            .y = (uint8_t *)want.data,
            .inverse_scale = check_uniform(c, 5, 60),
            .zero = (int32_t)(check_random(c) % 256),
            .y_row = (ptrdiff_t)row,
            .y_float = floats(real_want),
            .y_float_row = (ptrdiff_t)row,
            .count = count};
        reference->run(&args, 0, rows, floats(scratch));
        double *right = calloc(2 * count, sizeof *right);
        for (size_t r = 0; r < rows && round % 20 != 19; r++) {
            exact(&args, r, right, right + count);
            for (size_t i = 0; i < count; i++)
                check_close(c, floats(real_want)[r * row + i], right[i], right[count + i], "layernorm, exact", i);
        }
        free(right);
        const int outputs = round % 7;
        args.y = outputs == 1 ? NULL : (uint8_t *)y.data;
        args.y_float = outputs == 2 ? NULL : floats(real);
        // Outputs may take the place of inputs of their type.
        if (args.y && outputs == 3 && x_bytes) args.y = (uint8_t *)x.data;
        if (args.y && outputs == 4 && r_bytes && args.residual) args.y = (uint8_t *)residual.data;
        if (args.y_float && outputs == 5 && !x_bytes) args.y_float = floats(x);
        const size_t split = check_random(c) % (rows + 1);
        kernel->run(&args, 0, split, floats(scratch));
        kernel->run(&args, split, rows, floats(scratch));
        for (size_t r = 0; r < rows; r++) {
            for (size_t i = r * row; i < r * row + count; i++) {
                if (args.y && args.y[i] != (uint8_t)want.data[i])
                    check_fail(c, "row %zu of %zu, element %zu: got %d, expected %d", r, count, i - r * row, args.y[i],
                        (uint8_t)want.data[i]);
                float a = args.y_float ? args.y_float[i] : floats(real_want)[i], b = floats(real_want)[i];
                if (memcmp(&a, &b, 4) && (a == a || b == b))
                    check_fail(c, "row %zu of %zu, element %zu: got %a, expected %a", r, count, i - r * row, a, b);
            }
        }
        buffer *all[] = {&x, &residual, &scale, &shift, &y, &want, &real, &real_want, &scratch};
        for (int i = 0; i < 9; i++) check_release(c, all[i], "layernorm");
    }
}
