#include "deixis/layernorm_f32.h"

#include <math.h>

void deixis_layernorm_f32_reference(const deixis_layernorm_f32_args *args, size_t row_begin, size_t row_end) {
    for (ptrdiff_t r = (ptrdiff_t)row_begin; r < (ptrdiff_t)row_end; r++) {
        const float *x = args->x + r * args->x_row;
        const float *residual = args->residual ? args->residual + r * args->residual_row : 0;
        float *y = args->y + r * args->y_row;
        double mean = 0, variance = 0;
        // y may be an input, so the row's sum is kept there only from here on.
        for (size_t i = 0; i < args->count; i++) {
            float s = residual ? x[i] + residual[i] : x[i];
            mean += s;
        }
        mean /= (double)args->count;
        for (size_t i = 0; i < args->count; i++) {
            float s = residual ? x[i] + residual[i] : x[i];
            variance += (s - mean) * (s - mean);
        }
        variance /= (double)args->count;
        for (size_t i = 0; i < args->count; i++) {
            float s = residual ? x[i] + residual[i] : x[i];
            if (args->sum) args->sum[r * args->sum_row + (ptrdiff_t)i] = s;
            double scale = args->scale ? args->scale[i] : 1, shift = args->shift ? args->shift[i] : 0;
            y[i] = (float)((s - mean) / sqrt(variance + args->epsilon) * scale + shift);
        }
    }
}
