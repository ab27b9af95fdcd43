// Resampling of RGB pictures, both passes of a letterbox: weighted sums of bytes along rows, then along columns.
//
//     y[i] = min(max((2^21 + sum over k < count[i] of w[i, k] x[first[i] + k]) >> 22, 0), 255)         w with 22 bits of fraction
// for each channel; sums are exact in 32 bits, so every variant gives the reference's bits (Pillow's `resize`:
// Resample.c).
//
// A weight comes as high 2^11 + low, 0 <= low < 2^11, both 16 bits: what one instruction multiplies and adds in pairs.
// Taps go by four:
//     weights[(i taps / 4 + k / 4) 8 + 0...7] = low of the four, high of the four;   taps is a multiple of 4, weights beyond count[i] are 0.
//
// Ladder, one core of a Zen 4, 1920x1080 to 128x72, both passes: reference 16.2 ms; four rows at a time, a 128-bit
// vector each 3.4; pairs of taps, a lane of a vector for each of two rows (avx2) 1.09; of four rows (avx512) 0.87.
// Products and sums in one (VNNI) gained 6%: not kept.
#pragma once

#include <stddef.h>
#include <stdint.h>

/// One axis. Input first[i] + count[i] - 1 is the last that output i needs.
typedef struct deixis_letterbox_axis {
    size_t input, output, taps;
    const uint32_t *first, *count;  // of each output
    const int16_t *weights;
} deixis_letterbox_axis;

typedef struct deixis_letterbox_u8 {
    const char *name;
    uint32_t isa;
    /// Rows [row_begin, row_end): `input` pixels of three bytes at x + row x_row to `output` pixels at y + row y_row.
    void (*rows)(const deixis_letterbox_axis *axis, const uint8_t *x, size_t x_row, uint8_t *y, size_t y_row,
        size_t row_begin, size_t row_end);
    /// Output rows [row_begin, row_end) of `bytes` bytes from `input` rows of as many.
    void (*columns)(const deixis_letterbox_axis *axis, const uint8_t *x, size_t x_row, uint8_t *y, size_t y_row,
        size_t bytes, size_t row_begin, size_t row_end);
} deixis_letterbox_u8;

const deixis_letterbox_u8 *deixis_letterbox_u8_variants(size_t *count);
const deixis_letterbox_u8 *deixis_letterbox_u8_select(uint32_t isa);
