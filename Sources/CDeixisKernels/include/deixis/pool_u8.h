// Max pooling and nearest resizing of NHWC bytes: quantized values keep their order, so both are exact.
#pragma once

#include "pool_f32.h"
#include "resize_f32.h"

typedef struct deixis_pool_u8 {
    const char *name;
    uint32_t isa;
    /// Max over the window inside the image (0 when it lies outside altogether), output rows [row_begin, row_end) of
    /// batch out_h. `average` must be false.
    void (*max)(const deixis_pool_f32_shape *shape, const uint8_t *x, uint8_t *y, size_t row_begin, size_t row_end);
    /// Nearest: y[b, oy, ox] = x[b, rows[oy].low, columns[ox].low].
    void (*nearest)(
        const deixis_resize_f32_shape *shape, const uint8_t *x, uint8_t *y, size_t row_begin, size_t row_end);
} deixis_pool_u8;

const deixis_pool_u8 *deixis_pool_u8_variants(size_t *count);
const deixis_pool_u8 *deixis_pool_u8_select(uint32_t isa);
