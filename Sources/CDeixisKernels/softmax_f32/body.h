// Three passes over a row that is in the L1 cache after the first: maximum, e^(x - max) and its sum, scaling.

#include "common/math.h"
#include "deixis/softmax_f32.h"

#include <math.h>

static inline float row_max(const float *x, size_t count) {
    vf m = v_set(-INFINITY);
    size_t i = 0;
    for (; i + LANES <= count; i += LANES) m = v_max_nan(m, v_load(x + i));
    float max = v_highest(m);
    for (; i < count; i++) max = x[i] > max || x[i] != x[i] ? x[i] : max;
    return max;
}

/// Sum of e^(x - max); the terms are stored when y is given.
static inline float row_exp(const float *x, float *y, float max, size_t count) {
    vf sum = v_set(0), m = v_set(max);
    size_t i = 0;
    for (; i + LANES <= count; i += LANES) {
        vf e = v_exp(v_load(x + i) - m);
        if (y) v_store(y + i, e);
        sum += e;
    }
    float total = v_sum(sum);
    if (i < count) {
        vf e = v_exp(v_load_n(x + i, count - i) - m);
        if (y) v_store_n(y + i, e, count - i);
        float parts[LANES];
        v_store(parts, e);
        for (size_t k = 0; k < count - i; k++) total += parts[k];
    }
    return total;
}

void VARIANT_NAME(deixis_softmax_f32)(
    bool log, const float *x, ptrdiff_t x_row, float *y, ptrdiff_t y_row, size_t rows, size_t count) {
    for (size_t r = 0; r < rows; r++, x += x_row, y += y_row) {
        float max = row_max(x, count);
        float sum = row_exp(x, log ? NULL : y, max, count);
        const vf factor = v_set(1 / sum), m = v_set(max), l = v_set(logf(sum));
        for (size_t i = 0; i < count; i += LANES) {
            size_t n = count - i < LANES ? count - i : LANES;
            vf out = log ? v_load_n(x + i, n) - m - l : v_load_n(y + i, n) * factor;
            v_store_n(y + i, out, n);
        }
    }
}
