#include "deixis/gemm_s8.h"

#include "common/blocks.h"
#include "gemm_s8/reference.h"
#include "gemm_s8/tile.h"

#include <math.h>
#include <string.h>

/// The largest |v inverse_scale| of columns [begin, end), or more.
static double largest(const deixis_requantize *r, const deixis_tail_s8 *tail, size_t begin, size_t end) {
    if (tail->residual_type == DEIXIS_S8_F32) return INFINITY;
    float multiplier = 0;
    for (size_t j = begin; j < end; j++) {
        const float size = fabsf(r->multiplier[j]);
        multiplier = size > multiplier ? size : multiplier;
    }
    const double residual = tail->residual_type ? 256.0 * fabsf(r->residual_scale) : 0;
    return (0x1p31 * (double)multiplier + residual) * fabsf(r->inverse_scale);
}

deixis_tail_s8 deixis_tail_of(const deixis_requantize *r, bool residual, size_t begin, size_t end) {
    deixis_tail_s8 tail = {.residual_type = residual ? r->residual_type : DEIXIS_S8_NONE,
        .residual_zero = r->residual_zero,
        .residual_scale = r->residual_scale,
        .cut = r->cut_low != NULL,
        .float_output = r->output_type == DEIXIS_S8_F32,
        .scaled = r->inverse_scale != 1,
        .inverse_scale = r->inverse_scale,
        .low = r->low,
        .high = r->high,
        .zero = r->zero};
    if (tail.float_output) return tail;
    // Clamping, scaling and rounding never change the order of two values, so one clamp before the rounding does for
    // both.
    const float least = (float)-r->zero, most = (float)(255 - r->zero), low = r->low * r->inverse_scale,
                high = r->high * r->inverse_scale;
    tail.low = low < least ? least : low > most ? most : low;
    tail.high = high < least ? least : high > most ? most : high;
    tail.least = (uint8_t)((int)rintf(tail.low) + r->zero);
    tail.most = (uint8_t)((int)rintf(tail.high) + r->zero);
    tail.bounded = largest(r, &tail, begin, end) < 0x1p30;
    return tail;
}

void deixis_columns_of(deixis_tile_s8 *tile, const deixis_requantize *r, size_t column) {
    enum { most_columns = DEIXIS_TILE_S8_VECTORS * 16 };
    static const float never_low[most_columns] = {[0 ... most_columns - 1] = -INFINITY};
    static const float never_high[most_columns] = {[0 ... most_columns - 1] = INFINITY};
    tile->offset = r->offset + column;
    tile->multiplier = r->multiplier + column;
    tile->cut_low = r->cut_low ? r->cut_low + column : never_low;
    tile->cut_high = r->cut_low ? r->cut_high + column : never_high;
}

void deixis_run_rows_s8(const deixis_gemm_s8 *kernel, deixis_tile_s8 tile, size_t count) {
    const deixis_tiles_s8 *tiles = kernel->tiles;
    const size_t vectors = (tile.columns + tiles->lanes - 1) / tiles->lanes;
    const ptrdiff_t c_size = tile.tail->float_output ? 4 : 1,
                    r_size = tile.tail->residual_type == DEIXIS_S8_F32 ? 4 : 1;
    while (count > 0) {
        // As even as possible: 8 rows are 4 + 4, not 6 + 2.
        const size_t tiles_left = (count + kernel->mr - 1) / kernel->mr, height = (count + tiles_left - 1) / tiles_left;
        tiles->run[height - 1][vectors - 1](&tile);
        tile.rows += height;
        tile.c = (char *)tile.c + (ptrdiff_t)height * tile.ldc * c_size;
        if (tile.residual) tile.residual = (const char *)tile.residual + (ptrdiff_t)height * tile.ldr * r_size;
        count -= height;
    }
}

/// B as it stands: blocks of its rows, in memory's order, times all rows of A at hand, whose sums wait in the L1 cache;
/// while one block is used, memory is asked for the next.
static void run_standing(const deixis_gemm_s8 *kernel, const deixis_gemm_s8_args *args, const deixis_tail_s8 *tail,
    size_t m_begin, size_t m_end, size_t n_begin, size_t n_end) {
    enum { depth = DEIXIS_ROWS_S8_DEPTH, most_sums = 8192, most_m = 64 };
    const size_t sums_near = deixis_within(args->caches.l1 / sizeof(int32_t), most_sums / 2, most_sums);
    const deixis_tiles_s8 *tiles = kernel->tiles;
    const size_t nr = DEIXIS_ROWS_S8_COLUMNS, c_size = tail->float_output ? 4 : 1,
                 r_size = tail->residual_type == DEIXIS_S8_F32 ? 4 : 1;
    _Alignas(64) int32_t sums[most_sums];
    const uint8_t *rows[most_m];
    for (size_t m = m_begin; m < m_end; m += most_m) {
        const size_t count = m_end - m < most_m ? m_end - m : most_m, width = sums_near / (count * nr) * nr;
        for (size_t n = n_begin; n < n_end; n += width) {
            const size_t columns = n_end - n < width ? n_end - n : width;
            for (size_t k = 0; k < args->k; k += depth) {
                const bool last = k + depth >= args->k;
                for (size_t i = 0; i < count; i++) rows[i] = args->a + (ptrdiff_t)(m + i) * args->lda + k;
                const size_t lines = (columns + 63) / 64;
                const int8_t *next =
                    args->b + (last ? (ptrdiff_t)(n + width) : (ptrdiff_t)(k + depth) * args->b_row + (ptrdiff_t)n);
                deixis_ahead_s8 ahead = {next, next + 64 * lines, args->b_row, args->b_row - (ptrdiff_t)(64 * lines)};
                for (size_t j = 0; j < columns; j += nr) {
                    deixis_rows_s8 part = {.b_row = args->b_row,
                        .first = k == 0,
                        .last = last,
                        .tile = {.taps = 1,
                            .depth = last ? args->k - k : depth,
                            .b = args->b + (ptrdiff_t)k * args->b_row + (ptrdiff_t)(n + j),
                            .ldc = args->ldc,
                            .ldr = args->ldr,
                            .columns = columns - j < nr ? columns - j : nr,
                            .tail = tail}};
                    deixis_columns_of(&part.tile, &args->requantize, n + j);
                    for (size_t i = 0, height; i < count; i += height) {
                        const size_t left = (count - i + kernel->mr - 1) / kernel->mr;
                        height = (count - i + left - 1) / left;
                        part.tile.rows = rows + i;
                        part.tile.c =
                            (char *)args->c + ((ptrdiff_t)(m + i) * args->ldc + (ptrdiff_t)(n + j)) * (ptrdiff_t)c_size;
                        if (tail->residual_type)
                            part.tile.residual = (const char *)args->residual +
                                ((ptrdiff_t)(m + i) * args->ldr + (ptrdiff_t)(n + j)) * (ptrdiff_t)r_size;
                        part.sums = sums + (j / nr * count + i) * nr;
                        part.ahead = i == 0 && (!last || n + width < n_end) ? &ahead : NULL;
                        tiles->rows[height - 1](&part);
                    }
                }
            }
        }
    }
}

bool deixis_gemm_s8_takes_rows(const deixis_gemm_s8 *kernel, size_t k) {
    const deixis_tiles_s8 *tiles = kernel->tiles;
    return k > 0 && k % 4 == 0 && (tiles->rows[0] || !tiles->run[0][0]);
}

void deixis_gemm_s8_run(const deixis_gemm_s8 *kernel, const deixis_gemm_s8_args *args, size_t m_begin, size_t m_end,
    size_t n_begin, size_t n_end) {
    const deixis_tiles_s8 *tiles = kernel->tiles;
    if (!tiles->run[0][0]) {
        deixis_gemm_s8_reference(kernel, args, m_begin, m_end, n_begin, n_end);
        return;
    }
    const deixis_tail_s8 tail = deixis_tail_of(&args->requantize, args->residual != NULL, n_begin, n_end);
    if (args->b_row) {
        run_standing(kernel, args, &tail, m_begin, m_end, n_begin, n_end);
        return;
    }
    // Rows of A that have pointers at once.
    enum { most_rows = 384 };
    const size_t block = deixis_block_rows(args->caches, args->k, kernel->mr, most_rows), nr = kernel->nr,
                 panel = deixis_panel_s8(kernel, 1, args->k);
    const size_t c_size = tail.float_output ? 4 : 1, r_size = tail.residual_type == DEIXIS_S8_F32 ? 4 : 1;
    const uint8_t *rows[most_rows];
    uint8_t copies[most_rows][4];
    const bool copied = args->k < 4;
    if (copied) memset(copies, 0, sizeof copies);
    for (size_t m = m_begin; m < m_end; m += block) {
        const size_t count = m_end - m < block ? m_end - m : block;
        for (size_t i = 0; i < count; i++) {
            rows[i] = args->a + (ptrdiff_t)(m + i) * args->lda;
            if (!copied) continue;
            memcpy(copies[i], rows[i], args->k);
            rows[i] = copies[i];
        }
        for (size_t n = n_begin; n < n_end; n += nr) {
            deixis_tile_s8 tile = {.rows = rows,
                .taps = 1,
                .depth = copied && args->k ? 4 : args->k,
                .b = args->b + n / nr * panel,
                .c = (char *)args->c + ((ptrdiff_t)m * args->ldc + (ptrdiff_t)n) * (ptrdiff_t)c_size,
                .ldc = args->ldc,
                .ldr = args->ldr,
                .columns = n_end - n < nr ? n_end - n : nr,
                .tail = &tail};
            deixis_columns_of(&tile, &args->requantize, n);
            if (tail.residual_type)
                tile.residual =
                    (const char *)args->residual + ((ptrdiff_t)m * args->ldr + (ptrdiff_t)n) * (ptrdiff_t)r_size;
            deixis_run_rows_s8(kernel, tile, count);
        }
    }
}
