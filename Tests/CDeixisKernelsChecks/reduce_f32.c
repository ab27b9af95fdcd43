#include "check.h"

CHECK_FAMILY(reduce_f32)

static void verify(check *c, const deixis_reduce_f32 *kernel, const deixis_reduce_f32 *reference) {
    static const size_t axes[] = {0, 1, 2, 3, 7, 15, 16, 17, 40, 64, 100, 300}, inners[] = {1, 1, 1, 2, 15, 16, 17, 33};
    for (int round = 0; round < 350; round++) {
        int32_t reduction = round % 7;
        size_t axis = check_pick(c, 12, axes), inner = check_pick(c, 8, inners), outer = 1 + check_random(c) % 4;
        buffer x = check_floats(c, outer * axis * inner, -1, 1), y = check_bytes(c, outer * inner * 4),
               want = check_bytes(c, y.size);
        if (round % 9 == 8 && axis) floats(x)[check_random(c) % (x.size / 4)] = round % 2 ? NAN : INFINITY;
        kernel->run(reduction, floats(x), floats(y), 0, outer / 2, axis, inner);
        kernel->run(reduction, floats(x), floats(y), outer / 2, outer, axis, inner);
        reference->run(reduction, floats(x), floats(want), 0, outer, axis, inner);
        bool exact =
            reduction == DEIXIS_REDUCE_MAX || reduction == DEIXIS_REDUCE_MIN || reduction == DEIXIS_REDUCE_PRODUCT;
        for (size_t i = 0; i < outer * inner; i++) {
            double bound = exact ? 0 : 0x1p-23 * (double)axis * (reduction == DEIXIS_REDUCE_MEAN ? 1 : (double)axis);
            check_close(c, floats(y)[i], floats(want)[i], bound, "reduce", i);
        }
        if (c->failed && !strstr(c->message, "axis")) {
            size_t length = strlen(c->message);
            snprintf(c->message + length, c->capacity - length, " (reduction %d, axis %zu, inner %zu)", reduction, axis,
                inner);
        }
        buffer *all[] = {&x, &y, &want};
        for (int i = 0; i < 3; i++) check_release(c, all[i], "reduce");
    }
}
