#include "deixis/binary_f32.h"

#include <math.h>

static float combine(int32_t op, float a, float b) {
    switch (op) {
    case DEIXIS_BINARY_ADD: return a + b;
    case DEIXIS_BINARY_SUBTRACT: return a - b;
    case DEIXIS_BINARY_MULTIPLY: return a * b;
    case DEIXIS_BINARY_DIVIDE: return a / b;
    case DEIXIS_BINARY_MIN: return a != a ? a : b != b ? b : a < b ? a : b;
    case DEIXIS_BINARY_MAX: return a != a ? a : b != b ? b : a > b ? a : b;
    case DEIXIS_BINARY_POWER: return powf(a, b);
    default: return a < 0 ? a * b : a;
    }
}

void deixis_binary_f32_reference(int32_t op, const float *a, ptrdiff_t a_row, size_t a_step, const float *b,
    ptrdiff_t b_row, size_t b_step, float *y, ptrdiff_t y_row, size_t rows, size_t count) {
    for (ptrdiff_t r = 0; r < (ptrdiff_t)rows; r++) {
        for (size_t i = 0; i < count; i++)
            y[r * y_row + (ptrdiff_t)i] =
                combine(op, a[r * a_row + (ptrdiff_t)(i * a_step)], b[r * b_row + (ptrdiff_t)(i * b_step)]);
    }
}
