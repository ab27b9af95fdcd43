#include "check.h"

CHECK_FAMILY(binary_f32)

static void verify(check *c, const deixis_binary_f32 *kernel, const deixis_binary_f32 *reference) {
    static const size_t counts[] = {0, 1, 2, 3, 5, 8, 15, 16, 17, 31, 33, 64, 100}, rows_[] = {0, 1, 2, 5};
    for (int round = 0; round < 400; round++) {
        int32_t op = round % 8;
        size_t count = check_pick(c, 13, counts), rows = check_pick(c, 4, rows_);
        size_t a_step = check_random(c) % 2, b_step = check_random(c) % 2;
        size_t a_pad = check_random(c) % 3, b_pad = check_random(c) % 3, y_pad = check_random(c) % 3;
        ptrdiff_t a_row = check_random(c) % 2 ? (ptrdiff_t)(count + a_pad) : 0,
                  b_row = check_random(c) % 2 ? (ptrdiff_t)(count + b_pad) : 0;
        ptrdiff_t y_row = (ptrdiff_t)(count + y_pad);
        size_t a_size = rows && count ? (rows - 1) * (size_t)a_row + (count - 1) * a_step + 1 : 0;
        size_t b_size = rows && count ? (rows - 1) * (size_t)b_row + (count - 1) * b_step + 1 : 0;
        size_t y_size = rows && count ? (rows - 1) * (size_t)y_row + count : 0;
        buffer a = check_floats(c, a_size, -4, 4), b = check_floats(c, b_size, -4, 4);
        buffer y = check_bytes(c, y_size * 4), want = check_bytes(c, y_size * 4);
        static const float special[] = {NAN, INFINITY, -INFINITY, 0, -0.0f};
        for (size_t i = 0; i < a_size; i += 7) floats(a)[i] = special[check_random(c) % 5];
        for (size_t i = 3; i < b_size; i += 5) floats(b)[i] = special[check_random(c) % 5];
        kernel->run(op, floats(a), a_row, a_step, floats(b), b_row, b_step, floats(y), y_row, rows, count);
        reference->run(op, floats(a), a_row, a_step, floats(b), b_row, b_step, floats(want), y_row, rows, count);
        for (size_t i = 0; i < y_size; i++) {
            // What lies between rows is compared too: neither may write there.
            float got = floats(y)[i], expected = floats(want)[i];
            if (got == expected || (got != got && expected != expected)) continue;
            check_fail(c, "op %d, rows %zu, count %zu, steps %zu %zu: element %zu is %.9g, not %.9g", op, rows, count,
                a_step, b_step, i, got, expected);
        }
        check_release(c, &a, "a");
        check_release(c, &b, "b");
        check_release(c, &y, "y");
        check_release(c, &want, "reference");
    }
}
