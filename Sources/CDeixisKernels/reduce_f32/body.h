// inner = 1: along vectors, four running results. Else: vectors of neighboring results, down the axis.

#include "deixis/reduce_f32.h"

#include <math.h>

extern void deixis_reduce_f32_reference(
    int32_t reduction, const float *x, float *y, size_t outer_begin, size_t outer_end, size_t axis, size_t inner);

static inline vf start(int32_t reduction) {
    return v_set(reduction == DEIXIS_REDUCE_MAX ? -INFINITY : reduction == DEIXIS_REDUCE_MIN ? INFINITY : 0);
}

static inline vf step(int32_t reduction, vf sum, vf x) {
    switch (reduction) {
    case DEIXIS_REDUCE_MAX: return v_max_nan(sum, x);
    case DEIXIS_REDUCE_MIN: return v_min_nan(sum, x);
    case DEIXIS_REDUCE_SUM_SQUARES: return v_fma(x, x, sum);
    case DEIXIS_REDUCE_SUM_ABS: return sum + v_abs(x);
    default: return sum + x;
    }
}

/// Joins running results of one value.
static inline float join(int32_t reduction, vf x) {
    if (reduction == DEIXIS_REDUCE_MAX) return v_highest(x);
    if (reduction == DEIXIS_REDUCE_MIN) return -v_highest(-x);
    return v_sum(x);
}

__attribute__((always_inline)) static inline void along(
    int32_t reduction, const float *x, float *y, size_t rows, size_t axis) {
    for (size_t r = 0; r < rows; r++, x += axis) {
        vf sum[4] = {start(reduction), start(reduction), start(reduction), start(reduction)};
        size_t i = 0;
        for (; i + 4 * LANES <= axis; i += 4 * LANES) {
            for (int k = 0; k < 4; k++) sum[k] = step(reduction, sum[k], v_load(x + i + (size_t)k * LANES));
        }
        for (; i + LANES <= axis; i += LANES) sum[0] = step(reduction, sum[0], v_load(x + i));
        // One value at a time, in one lane, with what changes nothing in the others.
        for (; i < axis; i++) {
            vf one = start(reduction);
            one[0] = x[i];
            sum[1] = step(reduction, sum[1], one);
        }
        vf all;
        if (reduction == DEIXIS_REDUCE_MAX || reduction == DEIXIS_REDUCE_MIN) {
            all = step(reduction, step(reduction, sum[0], sum[1]), step(reduction, sum[2], sum[3]));
        } else {
            all = (sum[0] + sum[1]) + (sum[2] + sum[3]);
        }
        float result = join(reduction, all);
        y[r] = reduction == DEIXIS_REDUCE_MEAN ? result / (float)axis : result;
    }
}

__attribute__((always_inline)) static inline void down(
    int32_t reduction, const float *x, float *y, size_t axis, size_t inner) {
    for (size_t i = 0; i < inner; i += LANES) {
        size_t n = inner - i < LANES ? inner - i : LANES;
        vf sum = start(reduction);
        for (size_t a = 0; a < axis; a++) sum = step(reduction, sum, v_load_n(x + a * inner + i, n));
        v_store_n(y + i, reduction == DEIXIS_REDUCE_MEAN ? sum / v_set((float)axis) : sum, n);
    }
}

void VARIANT_NAME(deixis_reduce_f32)(
    int32_t reduction, const float *x, float *y, size_t outer_begin, size_t outer_end, size_t axis, size_t inner) {
    const float *from = x + outer_begin * axis * inner;
    float *to = y + outer_begin * inner;
    switch (reduction) {
#define CASE(which) \
    case which: \
        if (inner == 1) \
            along(which, from, to, outer_end - outer_begin, axis); \
        else \
            for (size_t o = outer_begin; o < outer_end; o++) \
                down(which, x + o * axis * inner, y + o * inner, axis, inner); \
        break;
        CASE(DEIXIS_REDUCE_SUM)
        CASE(DEIXIS_REDUCE_MEAN)
        CASE(DEIXIS_REDUCE_MAX)
        CASE(DEIXIS_REDUCE_MIN)
        CASE(DEIXIS_REDUCE_SUM_SQUARES)
        CASE(DEIXIS_REDUCE_SUM_ABS)
    default: deixis_reduce_f32_reference(reduction, x, y, outer_begin, outer_end, axis, inner); break;
    }
}
