// Reductions over the middle axis of [outer, axis, inner] (inner = 1: over rows).
//
// Sums are taken in an order of the variant's choice: error at most 2^-23 axis sum |x|. max and min are exact, NaN if
// one is. axis = 0 gives 0 for sums (0/0 for the mean), 1 for the product, -infinity for max, +infinity for min.
#pragma once

#include <stddef.h>
#include <stdint.h>

enum deixis_reduction {
    DEIXIS_REDUCE_SUM = 0,
    DEIXIS_REDUCE_MEAN = 1,
    DEIXIS_REDUCE_MAX = 2,
    DEIXIS_REDUCE_MIN = 3,
    DEIXIS_REDUCE_SUM_SQUARES = 4,
    DEIXIS_REDUCE_SUM_ABS = 5,
    DEIXIS_REDUCE_PRODUCT = 6,
};

typedef struct deixis_reduce_f32 {
    const char *name;
    uint32_t isa;
    /// y[o, i] = reduction over a of x[o, a, i], for o in [outer_begin, outer_end).
    void (*run)(
        int32_t reduction, const float *x, float *y, size_t outer_begin, size_t outer_end, size_t axis, size_t inner);
} deixis_reduce_f32;

const deixis_reduce_f32 *deixis_reduce_f32_variants(size_t *count);
const deixis_reduce_f32 *deixis_reduce_f32_select(uint32_t isa);
