#include "check.h"

CHECK_FAMILY(layernorm_f32)

static void verify(check *c, const deixis_layernorm_f32 *kernel, const deixis_layernorm_f32 *reference) {
    static const size_t counts[] = {1, 2, 3, 7, 15, 16, 17, 31, 33, 64, 100, 768, 3001};
    for (int round = 0; round < 120; round++) {
        size_t count = check_pick(c, 13, counts), rows = 1 + check_random(c) % 4, row = count + check_random(c) % 3,
               size = (rows - 1) * row + count;
        float mean = check_uniform(c, -50, 50);
        buffer x = check_floats(c, size, mean - 1, mean + 1), residual = check_floats(c, size, -1, 1),
               sum = check_floats(c, size, 0, 1);
        buffer scale = check_floats(c, count, -2, 2), shift = check_floats(c, count, -2, 2);
        buffer y = check_bytes(c, size * 4), want = check_bytes(c, size * 4), want_sum = check_bytes(c, size * 4);
        if (round % 10 == 9) floats(x)[check_random(c) % count] = round % 20 == 9 ? NAN : INFINITY;
        deixis_layernorm_f32_args args = {floats(x), (ptrdiff_t)row, round % 2 ? floats(residual) : NULL,
            (ptrdiff_t)row, round % 3 ? floats(scale) : NULL, round % 5 ? floats(shift) : NULL,
            round % 4 >= 2 ? floats(want_sum) : NULL, (ptrdiff_t)row, floats(want), (ptrdiff_t)row, count, 1e-5f};
        reference->run(&args, 0, rows);
        double *spread = calloc(rows * count, sizeof *spread);
        for (size_t r = 0; r < rows; r++) {
            for (size_t i = 0; i < count; i++) {
                double s = floats(scale)[i] && args.scale ? floats(scale)[i] : 1, t = args.shift ? floats(shift)[i] : 0,
                       w = floats(want)[r * row + i];
                spread[r * count + i] = 0x1p-19 * (fabs(s) + fabs(w - t) + fabs(t)) + (count == 1 ? 1e-3 : 0);
            }
        }
        args.y = floats(y);
        if (args.sum) args.sum = floats(sum);
        // Places that may be shared: y with x, the kept sum with the residual.
        if (round % 7 == 3) args.y = floats(x);
        if (args.sum && args.residual && round % 7 == 5) args.sum = floats(residual);
        size_t split = rows / 2;
        kernel->run(&args, 0, split);
        kernel->run(&args, split, rows);
        for (size_t r = 0; r < rows; r++) {
            for (size_t i = 0; i < count; i++) {
                size_t at = r * row + i;
                check_close(c, args.y[at], floats(want)[at], spread[r * count + i], "layernorm", i);
                if (args.sum) check_close(c, args.sum[at], floats(want_sum)[at], 0, "sum", i);
            }
        }
        free(spread);
        buffer *all[] = {&x, &residual, &sum, &scale, &shift, &y, &want, &want_sum};
        for (int i = 0; i < 8; i++) check_release(c, all[i], "layernorm");
    }
}
