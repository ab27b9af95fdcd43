#include "gemm_s8/tile.h"

#include <math.h>

#pragma clang fp contract(off)

static float residual(const deixis_requantize *q, const char *row, size_t j) {
    if (q->residual_type == DEIXIS_S8_F32) return ((const float *)(const void *)row)[j];
    float r = (float)((int32_t)((const uint8_t *)row)[j] - q->residual_zero);
    return r * q->residual_scale;
}

static void tile_1(const deixis_tile_s8 *t) {
    const deixis_requantize *q = t->tail;
    for (size_t j = 0; j < t->columns; j++) {
        int32_t sum = q->offset[j];
        const int8_t *b = t->b;
        for (size_t tap = 0; tap < t->taps; tap++) {
            const uint8_t *a = t->rows[tap * t->row_step];
            for (size_t k = 0; k < t->depth; k++) sum += a[k] * b[k / 4 * 16 + j * 4 + k % 4];
            b += (t->depth + 3) / 4 * 16;
        }
        float v = (float)sum * q->multiplier[j];
        if (q->residual_type != DEIXIS_S8_NONE) v = v + residual(q, t->residual, j);
        v = fminf(fmaxf(v, q->low), q->high);
        if (q->output_type == DEIXIS_S8_F32) {
            ((float *)(void *)t->c)[j] = v;
            continue;
        }
        v = v * q->inverse_scale;
        v = rintf(v) + (float)q->zero;
        ((uint8_t *)t->c)[j] = (uint8_t)fminf(fmaxf(v, 0), 255);
    }
}

const deixis_tiles_s8 deixis_gemm_s8_tiles_reference = {{tile_1}};
