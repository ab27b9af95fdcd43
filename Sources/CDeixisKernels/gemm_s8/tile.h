// What a gemm_s8 variant is made of: one function per number of rows of a register tile. gemm and conv are loops around it.
#pragma once

#include "deixis/gemm_s8.h"

#include <stdbool.h>

/// One tile:  C[i, j] = tail( sum over t < taps, k < depth of  rows[t * row_step + i][k] * B[t, k, j] )
///
/// A panel of B lies as [tap][ceil(depth / 4)][nr][4], zeros beyond depth and beyond n: four steps of k, the bytes of one 32-bit lane, make one dot
/// product. Sums stay in registers over the whole depth.
typedef struct deixis_tile_s8 {
    const uint8_t *const *rows;     // taps x row_step pointers
    size_t row_step;
    size_t taps, depth;
    const int8_t *b;
    char *c;
    ptrdiff_t c_row;                // bytes
    const char *residual;           // any address where there is none, residual_row 0
    ptrdiff_t residual_row;         // bytes
    const deixis_requantize *tail;  // offset and multiplier begin at this tile's first column
    size_t columns;                 // valid ones, at most nr
} deixis_tile_s8;

typedef void (*deixis_tile_s8_run)(const deixis_tile_s8 *tile);

enum { DEIXIS_TILE_S8_MAX_ROWS = 12, DEIXIS_TILE_S8_MAX_COLUMNS = 64 };

typedef struct deixis_tiles_s8 {
    deixis_tile_s8_run run[DEIXIS_TILE_S8_MAX_ROWS];    // run[rows - 1]
} deixis_tiles_s8;

/// Rows [0, count) of one panel: row i of tap t at rows[t * row_step + i]. `tile` has everything but the rows' place.
static inline void deixis_tiles_s8_walk(const deixis_gemm_s8 *kernel, deixis_tile_s8 tile, size_t count) {
    const deixis_tiles_s8 *tiles = kernel->tiles;
    for (size_t i = 0; i < count;) {
        // As even as possible: 14 rows are 7 + 7, not 12 + 2.
        size_t left = count - i, pieces = (left + kernel->mr - 1) / kernel->mr, height = (left + pieces - 1) / pieces;
        tiles->run[height - 1](&tile);
        tile.rows += height;
        tile.c += (ptrdiff_t)height * tile.c_row;
        tile.residual += (ptrdiff_t)height * tile.residual_row;
        i += height;
    }
}

/// The tail for columns from n on.
static inline deixis_requantize deixis_requantize_from(const deixis_requantize *tail, size_t n) {
    deixis_requantize moved = *tail;
    moved.offset += n;
    moved.multiplier += n;
    return moved;
}

static inline size_t deixis_s8_size(int32_t type) { return type == DEIXIS_S8_F32 ? 4 : 1; }
