#include "deixis/reduce_f32.h"

#include <math.h>

void deixis_reduce_f32_reference(
    int32_t reduction, const float *x, float *y, size_t outer_begin, size_t outer_end, size_t axis, size_t inner) {
    for (size_t o = outer_begin; o < outer_end; o++) {
        for (size_t i = 0; i < inner; i++) {
            double sum = 0, product = 1;
            float max = -INFINITY, min = INFINITY;
            for (size_t a = 0; a < axis; a++) {
                float value = x[(o * axis + a) * inner + i];
                sum += reduction == DEIXIS_REDUCE_SUM_SQUARES ? (double)value * value
                    : reduction == DEIXIS_REDUCE_SUM_ABS      ? fabsf(value)
                                                              : value;
                product *= value;
                if (value > max || value != value) max = value;
                if (value < min || value != value) min = value;
            }
            float *out = &y[o * inner + i];
            switch (reduction) {
            case DEIXIS_REDUCE_MEAN: *out = (float)(sum / (double)axis); break;
            case DEIXIS_REDUCE_MAX: *out = max; break;
            case DEIXIS_REDUCE_MIN: *out = min; break;
            case DEIXIS_REDUCE_PRODUCT: *out = (float)product; break;
            default: *out = (float)sum; break;
            }
        }
    }
}
