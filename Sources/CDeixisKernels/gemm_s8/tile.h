// What a quantized gemm variant is made of: one function per (rows, vectors) of a register tile. gemm and conv are
// loops around it.
#pragma once

#include "deixis/gemm_s8.h"

#include <stdbool.h>

/// How a tile ends: deixis_requantize, prepared once per run.
typedef struct deixis_tail_s8 {
    int32_t residual_type, residual_zero;
    float residual_scale;
    bool cut;                   // before the residual
    bool float_output;
    bool scaled;                // inverse_scale is not 1
    float inverse_scale;
    /// Float output: of v. Bytes: of v inverse_scale, both clamps in one; the range 0...255 less the zero point at
    /// most.
    float low, high;
    int32_t zero;
    /// Byte output: low and high as bytes. They can wait until there are bytes when `bounded`: v inverse_scale fits in
    /// 31 bits.
    uint8_t least, most;
    bool bounded;
} deixis_tail_s8;

/// One tile: rows[t * row_step + i], i < mr, are read `depth` bytes each, t < taps. depth is at least 4, or 0.
typedef struct deixis_tile_s8 {
    const uint8_t *const *rows;
    size_t row_step;
    size_t taps, depth;
    const int8_t *b;            // the panel
    const int32_t *offset;      // of the panel's columns, as the next
    const float *multiplier;
    const float *cut_low, *cut_high; // infinite where nothing cuts
    void *c;
    ptrdiff_t ldc;
    const void *residual;
    ptrdiff_t ldr;
    size_t columns;             // valid ones; at most vectors * lanes, more than (vectors - 1) * lanes
    const deixis_tail_s8 *tail;
} deixis_tile_s8;

/// What memory is asked for in its own order: lines of 64 bytes up to `end` of a row, then those of the next.
typedef struct deixis_ahead_s8 {
    const int8_t *at, *end;
    ptrdiff_t row, skip;        // from end to end; from an end to the next row's first line
} deixis_ahead_s8;

/// A tile on B as it stands, some of its depth: `tile` with one tap, its depth a multiple of 4 and b the first column.
typedef struct deixis_rows_s8 {
    deixis_tile_s8 tile;
    ptrdiff_t b_row;
    deixis_ahead_s8 *ahead;     // four lines for each step; or null
    int32_t *sums;              // of the depth before, DEIXIS_ROWS_S8_COLUMNS a row, in the variant's order
    bool first, last;           // part of the depth
} deixis_rows_s8;
/// Columns of a panel, and how much of the depth is one part.
enum { DEIXIS_ROWS_S8_COLUMNS = 64, DEIXIS_ROWS_S8_DEPTH = 64 };

typedef void (*deixis_rows_s8_run)(const deixis_rows_s8 *rows);
typedef void (*deixis_tile_s8_run)(const deixis_tile_s8 *tile);

enum { DEIXIS_TILE_S8_ROWS = 6, DEIXIS_TILE_S8_VECTORS = 4 };

/// Of each variant, as the manifest states them: deixis_gemm_s8_mr_avx2 and so on.
enum {
#define VARIANT(variant, bits, rows, columns) deixis_gemm_s8_mr_##variant = rows, deixis_gemm_s8_nr_##variant = columns,
#include "gemm_s8/kernels.def"
#undef VARIANT
};

/// run[mr - 1][vectors - 1].
typedef struct deixis_tiles_s8 {
    deixis_tile_s8_run run[DEIXIS_TILE_S8_ROWS][DEIXIS_TILE_S8_VECTORS];
    /// By mr - 1; or null.
    deixis_rows_s8_run rows[DEIXIS_TILE_S8_ROWS];
    uint32_t lanes;             // sums in a vector
    /// A panel begins with nr int32: 128 times the sums of its columns, for products with A - 128.
    bool signed_a;
} deixis_tiles_s8;

static inline const deixis_tiles_s8 *deixis_tiles_of(const deixis_gemm_s8 *kernel) { return kernel->tiles; }

/// For columns [begin, end).
deixis_tail_s8 deixis_tail_of(const deixis_requantize *r, bool residual, size_t begin, size_t end);
/// What `tile` knows of its columns, the first of which is `column`.
void deixis_columns_of(deixis_tile_s8 *tile, const deixis_requantize *r, size_t column);

// A panel is [tap][step][nr][4]: a step is four bytes of a row of A times those of nr columns. Steps follow each other,
// but the last one ends with the row: where the depth is no multiple of 4 it reads bytes a second time, whose second
// weights are 0. So all of A is read as whole words, and none beyond a row. (Rows shorter than 4 are copied and end in
// zeros.)

static inline size_t deixis_steps_s8(size_t depth) { return (depth + 3) / 4; }
/// Where element k of a tap's depth stands among the bytes of its steps.
static inline size_t deixis_place_s8(size_t depth, size_t k) {
    return k < depth - depth % 4 || depth < 4 ? k : k + 4 - depth % 4;
}
/// Bytes of a panel, and of what stands before its steps.
static inline size_t deixis_head_s8(const deixis_gemm_s8 *kernel) {
    return deixis_tiles_of(kernel)->signed_a ? kernel->nr * sizeof(int32_t) : 0;
}
static inline size_t deixis_panel_s8(const deixis_gemm_s8 *kernel, size_t taps, size_t depth) {
    return deixis_head_s8(kernel) + taps * deixis_steps_s8(depth) * 4 * kernel->nr;
}
/// Where an element of B stands: column j, tap t, byte k = outer * inner + i of the tap's depth at
/// j * column + t * tap + outer * outer_stride + i * row.
typedef struct deixis_strides_s8 {
    ptrdiff_t column, tap, row;
    size_t inner;
    ptrdiff_t outer_stride;
} deixis_strides_s8;

void deixis_pack_panel_s8(const deixis_gemm_s8 *kernel, const int8_t *from, deixis_strides_s8 strides, size_t taps,
    size_t depth, size_t columns, int8_t *to);

/// All rows of a panel: tile->rows, c and residual stand at the first of `count` rows; rows[t * row_step + i] exist for
/// all of them.
void deixis_run_rows_s8(const deixis_gemm_s8 *kernel, deixis_tile_s8 tile, size_t count);
