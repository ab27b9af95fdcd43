// What a gemm variant is made of: one function per (rows, vectors) of a register tile. gemm, conv and attention are
// loops around it.
#pragma once

#include "deixis/gemm_f32.h"

#include <stdbool.h>

/// One tile:  C[i, j] = clamp( (load ? C : bias + residual) + sum over t < taps, k < depth of  rows[t * row_step +
/// i][a_offset + k * a_step] * b[(t * depth + k) * b_step + j] )
typedef struct deixis_tile_f32 {
    const float *const *rows;   // taps x row_step pointers, the first mr of each step are used
    size_t row_step;
    size_t taps, depth;
    ptrdiff_t a_offset, a_step;
    const float *b;
    ptrdiff_t b_step;
    float *c;
    ptrdiff_t ldc;
    const float *bias;          // or null
    const float *residual;      // or null
    ptrdiff_t ldr;
    bool load;                  // go on from what C holds
    bool clamp;
    float low, high;
    size_t columns;             // valid ones; at most vectors * lanes, more than (vectors - 1) * lanes
} deixis_tile_f32;

typedef void (*deixis_tile_f32_run)(const deixis_tile_f32 *tile);

enum { DEIXIS_TILE_MAX_ROWS = 6, DEIXIS_TILE_MAX_VECTORS = 4 };

/// Of each variant, as the manifest states them: deixis_gemm_f32_mr_avx2 and so on.
enum {
#define VARIANT(variant, bits, rows, columns, width) \
    deixis_gemm_f32_mr_##variant = rows, deixis_gemm_f32_nr_##variant = columns, \
    deixis_gemm_f32_lanes_##variant = width,
#include "gemm_f32/kernels.def"
#undef VARIANT
};

/// run[mr - 1][vectors - 1], and the elementwise functions of the same instruction set.
typedef struct deixis_tiles_f32 {
    deixis_tile_f32_run run[DEIXIS_TILE_MAX_ROWS][DEIXIS_TILE_MAX_VECTORS];
    void (*unary)(deixis_activation f, const float *x, float *y, size_t count);
} deixis_tiles_f32;

/// Sets the clamp of a tile when f is one; true when f has to be applied to C afterwards.
static inline bool deixis_tile_activation(deixis_tile_f32 *tile, deixis_activation f) {
    tile->clamp = f.function == DEIXIS_UNARY_RELU || f.function == DEIXIS_UNARY_CLIP;
    tile->low = f.function == DEIXIS_UNARY_CLIP ? f.alpha : 0;
    tile->high = f.function == DEIXIS_UNARY_CLIP ? f.beta : __builtin_inff();
    return !tile->clamp && f.function != DEIXIS_UNARY_IDENTITY;
}
