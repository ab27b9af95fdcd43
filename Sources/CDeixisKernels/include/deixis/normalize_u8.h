// Bytes to floats, one affine map per channel.    y[p, c] = scale[c] x[p, c] + shift[c]
//
// Within 1 ulp of scale x plus 1 ulp of y (fused or not).
#pragma once

#include <stddef.h>
#include <stdint.h>

typedef struct deixis_normalize_u8 {
    const char *name;
    uint32_t isa;
    /// Pixels [0, pixels) of `channels` interleaved values each; 1 <= channels.
    void (*run)(const uint8_t *x, const float *scale, const float *shift, float *y, size_t pixels, size_t channels);
} deixis_normalize_u8;

const deixis_normalize_u8 *deixis_normalize_u8_variants(size_t *count);
const deixis_normalize_u8 *deixis_normalize_u8_select(uint32_t isa);
