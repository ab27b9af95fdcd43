#include "gemm_s8/reference.h"

#include "gemm_s8/tile.h"

#include <math.h>

#pragma clang fp contract(off)

/// No tiles: gemm and conv see that the first is null and go by the definition.
const deixis_tiles_s8 deixis_gemm_s8_tiles_reference;

void deixis_requantize_reference(const deixis_requantize *q, size_t column, int32_t sum, const void *residual,
    ptrdiff_t r, void *output, ptrdiff_t c) {
    float v = (float)(q->offset[column] + sum) * q->multiplier[column];
    if (q->cut_low) {
        v = v > q->cut_low[column] ? v : q->cut_low[column];
        v = v < q->cut_high[column] ? v : q->cut_high[column];
    }
    if (residual && q->residual_type == DEIXIS_S8_U8) {
        v = v + (float)(((const uint8_t *)residual)[r] - q->residual_zero) * q->residual_scale;
    } else if (residual && q->residual_type == DEIXIS_S8_F32) {
        v = v + ((const float *)residual)[r];
    }
    v = v > q->low ? v : q->low;
    v = v < q->high ? v : q->high;
    if (q->output_type == DEIXIS_S8_F32) {
        ((float *)output)[c] = v;
        return;
    }
    // In double the sum with the zero point is exact.
    const double rounded = (double)rintf(v * q->inverse_scale) + q->zero;
    ((uint8_t *)output)[c] = rounded < 0 ? 0 : rounded > 255 ? 255 : (uint8_t)rounded;
}

void deixis_gemm_s8_reference(const deixis_gemm_s8 *kernel, const deixis_gemm_s8_args *args, size_t m_begin,
    size_t m_end, size_t n_begin, size_t n_end) {
    const size_t nr = kernel->nr, panel = deixis_panel_s8(kernel, 1, args->k);
    for (ptrdiff_t i = (ptrdiff_t)m_begin; i < (ptrdiff_t)m_end; i++) {
        for (size_t j = n_begin; j < n_end; j++) {
            int32_t sum = 0;
            for (size_t k = 0; k < args->k; k++) {
                const size_t place = deixis_place_s8(args->k, k);
                const ptrdiff_t at = args->b_row
                    ? (ptrdiff_t)k * args->b_row + (ptrdiff_t)j
                    : (ptrdiff_t)(j / nr * panel + (place / 4 * nr + j % nr) * 4 + place % 4);
                sum += args->a[i * args->lda + (ptrdiff_t)k] * args->b[at];
            }
            deixis_requantize_reference(&args->requantize, j, sum, args->residual, i * args->ldr + (ptrdiff_t)j,
                args->c, i * args->ldc + (ptrdiff_t)j);
        }
    }
}
