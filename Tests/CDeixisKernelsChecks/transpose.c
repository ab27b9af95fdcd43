#include "check.h"

CHECK_FAMILY(transpose)

static void verify(check *c, const deixis_transpose *kernel, const deixis_transpose *reference) {
    static const size_t elements[] = {1, 2, 4, 4, 4, 8}, extents[] = {1, 2, 3, 4, 5, 8, 9, 19};
    for (int round = 0; round < 400; round++) {
        deixis_transpose_shape s = {.rank = check_random(c) % 6, .element = check_pick(c, 6, elements)};
        // A dense x with its axes in random order; then some axes repeat, skip or run backwards.
        size_t order[8], size = 1;
        for (size_t i = 0; i < s.rank; i++) order[i] = i;
        for (size_t i = s.rank; i > 1; i--) {
            size_t j = check_random(c) % i, t = order[i - 1];
            order[i - 1] = order[j];
            order[j] = t;
        }
        ptrdiff_t offset = 0;
        for (size_t i = 0; i < s.rank; i++) {
            size_t axis = order[i], kind = check_random(c) % 12, extent = check_pick(c, s.rank > 3 ? 5 : 8, extents);
            s.extents[axis] = round % 50 == 49 && i == 0 ? 0 : extent;
            s.strides[axis] = kind == 0 ? 0
                : kind == 1             ? -(ptrdiff_t)size
                : kind == 2             ? 2 * (ptrdiff_t)size
                                        : (ptrdiff_t)size;
            if (kind == 1) offset += (ptrdiff_t)((extent - 1) * size);
            if (kind != 0) size *= kind == 2 ? 2 * extent - 1 : extent;
        }
        size_t total = 1;
        for (size_t i = 0; i < s.rank; i++) total *= s.extents[i];
        buffer x = check_bytes(c, size * s.element), y = check_bytes(c, total * s.element),
               want = check_bytes(c, total * s.element);
        for (size_t i = 0; i < x.size; i++) x.data[i] = (char)check_random(c);
        // Elements must be aligned.
        if (s.element > 4 && ((uintptr_t)x.data | (uintptr_t)y.data | (uintptr_t)want.data) % s.element)
            check_fail(c, "the check's buffers are not aligned");
        const char *start = x.data + offset * (ptrdiff_t)s.element;
        size_t first = s.rank ? s.extents[0] : 1, split = first / 2;
        kernel->run(&s, start, y.data, 0, split);
        kernel->run(&s, start, y.data, split, first);
        reference->run(&s, start, want.data, 0, first);
        if (memcmp(y.data, want.data, y.size)) {
            check_fail(c, "round %d, rank %zu, element %zu, extents %zu %zu %zu %zu, strides %td %td %td %td", round,
                s.rank, s.element, s.extents[0], s.extents[1], s.extents[2], s.extents[3], s.strides[0], s.strides[1],
                s.strides[2], s.strides[3]);
        }
        buffer *all[] = {&x, &y, &want};
        for (int i = 0; i < 3; i++) check_release(c, all[i], "transpose");
    }
}
