// Results of quantized products as the headers define them, in the caller's own words: what the checks compare with,
// bit by bit.
#pragma once

#include "check.h"

typedef struct requantized {
    buffer offset, multiplier, cuts;
    deixis_requantize q;
} requantized;

/// Random parameters for n columns and sums of k products, of every kind in turn.
requantized requantize_pick(check *c, size_t n, size_t k, int round);
/// True when output[at] is what the sum of `column` with residual[r] gives.
bool requantize_equal(check *c, const deixis_requantize *q, size_t column, int32_t sum, const void *residual, size_t r,
    const void *output, size_t at, const char *what);
/// Bytes: all values, extremes more often.
buffer check_random_bytes(check *c, size_t count);
static inline uint8_t *bytes_of(buffer b) { return (uint8_t *)b.data; }
