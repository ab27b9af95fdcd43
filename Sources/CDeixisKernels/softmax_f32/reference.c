#include "deixis/softmax_f32.h"

#include <math.h>

void deixis_softmax_f32_reference(
    bool log_, const float *x, ptrdiff_t x_row, float *y, ptrdiff_t y_row, size_t rows, size_t count) {
    for (size_t r = 0; r < rows; r++, x += x_row, y += y_row) {
        double max = -INFINITY, sum = 0;
        for (size_t i = 0; i < count; i++) max = x[i] > max || x[i] != x[i] ? x[i] : max;
        for (size_t i = 0; i < count; i++) sum += exp(x[i] - max);
        for (size_t i = 0; i < count; i++) y[i] = (float)(log_ ? x[i] - max - log(sum) : exp(x[i] - max) / sum);
    }
}
