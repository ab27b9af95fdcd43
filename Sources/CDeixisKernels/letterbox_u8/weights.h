#pragma once

#include "deixis/letterbox_u8.h"

enum { letterbox_low_bits = 11, letterbox_bits = 22 };

/// Weight k of output i.
static inline int32_t letterbox_weight(const deixis_letterbox_axis *axis, size_t i, size_t k) {
    const int16_t *four = axis->weights + (i * axis->taps + k / 4 * 4) * 2;
    return four[4 + k % 4] * (1 << letterbox_low_bits) + four[k % 4];
}

static inline uint8_t letterbox_byte(int32_t sum) {
    const int32_t value = (sum + (1 << (letterbox_bits - 1))) >> letterbox_bits;
    return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

/// Byte `at` of output i, from bytes `step` apart.
static inline uint8_t letterbox_sum(const deixis_letterbox_axis *axis, size_t i, const uint8_t *x, size_t step) {
    int32_t sum = 0;
    for (size_t k = 0; k < axis->count[i]; k++) sum += letterbox_weight(axis, i, k) * x[(axis->first[i] + k) * step];
    return letterbox_byte(sum);
}
