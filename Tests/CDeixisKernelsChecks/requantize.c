#include "requantize.h"

buffer check_random_bytes(check *c, size_t count) {
    buffer b = check_bytes(c, count);
    static const uint8_t extremes[] = {0, 127, 128, 255};
    for (size_t i = 0; i < count; i++) {
        const uint32_t x = check_random(c);
        bytes_of(b)[i] = x % 4 == 0 ? extremes[x >> 8 & 3] : (uint8_t)(x >> 16);
    }
    return b;
}

requantized requantize_pick(check *c, size_t n, size_t k, int round) {
    requantized r = {check_bytes(c, n * 4), check_bytes(c, n * 4), check_floats(c, 2 * n, -60, 0), {0}};
    // Sums of about sqrt(k) 2^13 become some hundreds; every few rounds far beyond what bytes and integers hold.
    const float size = round % 7 == 6 ? 1e12f : 0.02f / sqrtf((float)k + 1);
    for (size_t j = 0; j < n; j++) {
        ((int32_t *)(void *)r.offset.data)[j] = (int32_t)(check_random(c) % 200001) - 100000;
        floats(r.multiplier)[j] = size * check_uniform(c, 0.2f, 1);
    }
    static const int32_t zeros[] = {0, 255, 128, 3, 77};
    static const float scales[] = {1, 0.37f, 1, 3.5f};
    r.q = (deixis_requantize){.offset = (const int32_t *)(void *)r.offset.data,
        .multiplier = floats(r.multiplier),
        .residual_type = round % 3,
        .residual_zero = (int32_t)(check_random(c) % 256),
        .residual_scale = check_uniform(c, 0.01f, 2),
        .low = -INFINITY,
        .high = INFINITY,
        .output_type = round % 4 == 3 ? DEIXIS_S8_F32 : DEIXIS_S8_U8,
        .inverse_scale = scales[round / 2 % 4],
        .zero = zeros[round % 5]};
    // Where something stored lies in between: rounds of every kind of residual and output.
    for (size_t j = n; j < 2 * n; j++) floats(r.cuts)[j] += 100;
    if (round / 3 % 2) {
        r.q.cut_low = floats(r.cuts);
        r.q.cut_high = floats(r.cuts) + n;
    }
    if (round % 3 != 1) r.q.low = round % 2 ? 0 : -20.5f;
    if (round % 5 == 2) r.q.high = check_uniform(c, 1, 100);
    return r;
}

#pragma clang fp contract(off)

bool requantize_equal(check *c, const deixis_requantize *q, size_t column, int32_t sum, const void *residual, size_t r,
    const void *output, size_t at, const char *what) {
    // Volatile: each operation rounds by itself, whatever the compiler.
    volatile float v = (float)(q->offset[column] + sum);
    v = v * q->multiplier[column];
    if (q->cut_low) {
        v = v > q->cut_low[column] ? v : q->cut_low[column];
        v = v < q->cut_high[column] ? v : q->cut_high[column];
    }
    if (residual && q->residual_type == DEIXIS_S8_U8) {
        volatile float term = (float)(((const uint8_t *)residual)[r] - q->residual_zero);
        term = term * q->residual_scale;
        v = v + term;
    } else if (residual && q->residual_type == DEIXIS_S8_F32) {
        v = v + ((const float *)residual)[r];
    }
    v = v > q->low ? v : q->low;
    v = v < q->high ? v : q->high;
    if (q->output_type == DEIXIS_S8_F32) {
        const float got = ((const float *)output)[at], want = v;
        if (!memcmp(&got, &want, 4)) return true;
        check_fail(c, "%s, element %zu: got %.9g, expected %.9g", what, at, got, want);
        return false;
    }
    v = v * q->inverse_scale;
    const double rounded = rint(v) + q->zero;
    const int want = rounded < 0 ? 0 : rounded > 255 ? 255 : (int)rounded, got = ((const uint8_t *)output)[at];
    if (got != want) check_fail(c, "%s, element %zu: got %d, expected %d", what, at, got, want);
    return got == want;
}
