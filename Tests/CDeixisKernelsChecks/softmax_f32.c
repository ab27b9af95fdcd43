#include "check.h"

CHECK_FAMILY(softmax_f32)

static void verify(check *c, const deixis_softmax_f32 *kernel, const deixis_softmax_f32 *reference) {
    static const size_t counts[] = {1, 2, 3, 7, 15, 16, 17, 33, 40, 64, 100, 257, 4096};
    for (int round = 0; round < 100; round++) {
        size_t count = check_pick(c, 13, counts), rows = 1 + check_random(c) % 3, x_row = count + check_random(c) % 3,
               y_row = count + check_random(c) % 3;
        bool log = round % 2, in_place = round % 4 >= 2;
        if (in_place) y_row = x_row;
        buffer x = check_floats(c, (rows - 1) * x_row + count, -20, 20),
               y = check_bytes(c, ((rows - 1) * y_row + count) * 4);
        buffer want = check_bytes(c, y.size);
        // Masked scores, and rows without a softmax.
        if (round % 5 == 0) for (size_t i = 1; i < count; i += 2) floats(x)[i] = -INFINITY;
        if (round % 11 == 0) floats(x)[check_random(c) % count] = NAN;
        if (round % 13 == 0) for (size_t i = 0; i < count; i++) floats(x)[i] = -INFINITY;
        if (round % 17 == 0) floats(x)[check_random(c) % count] = INFINITY;
        reference->run(log, floats(x), (ptrdiff_t)x_row, floats(want), (ptrdiff_t)y_row, rows, count);
        if (in_place) {
            memcpy(y.data, x.data, y.size);
            kernel->run(log, floats(y), (ptrdiff_t)y_row, floats(y), (ptrdiff_t)y_row, rows, count);
        } else {
            kernel->run(log, floats(x), (ptrdiff_t)x_row, floats(y), (ptrdiff_t)y_row, rows, count);
        }
        for (size_t r = 0; r < rows; r++) {
            for (size_t i = 0; i < count; i++) {
                double expected = floats(want)[r * y_row + i];
                double bound =
                    log ? 0x1p-20 * (1 + fabs(expected)) : 0x1p-23 * expected * (8 + 40) + 0x1p-126; // |x_i - max| < 40
                check_close(c, floats(y)[r * y_row + i], expected, bound, log ? "log softmax" : "softmax", i);
            }
        }
        check_release(c, &x, "x");
        check_release(c, &y, "y");
        check_release(c, &want, "reference");
    }
}
