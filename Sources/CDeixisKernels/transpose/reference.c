#include "deixis/transpose.h"

#include <string.h>

void deixis_transpose_reference(const deixis_transpose_shape *s, const void *x, void *y, size_t begin, size_t end) {
    size_t slice = 1;
    for (size_t axis = 1; axis < s->rank; axis++) slice *= s->extents[axis];
    for (size_t i = begin * slice; i < end * slice; i++) {
        ptrdiff_t offset = 0;
        for (size_t axis = s->rank, rest = i; axis-- > 0; rest /= s->extents[axis]) {
            offset += (ptrdiff_t)(rest % s->extents[axis]) * s->strides[axis];
        }
        memcpy((char *)y + i * s->element, (const char *)x + offset * (ptrdiff_t)s->element, s->element);
    }
}
