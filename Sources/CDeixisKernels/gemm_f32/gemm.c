#include "deixis/gemm_f32.h"

#include "common/blocks.h"
#include "gemm_f32/reference.h"
#include "gemm_f32/tile.h"

#include "common/pack.h"

size_t deixis_gemm_f32_panels(const deixis_gemm_f32 *kernel, size_t n) { return (n + kernel->nr - 1) / kernel->nr; }

size_t deixis_gemm_f32_packed_size(const deixis_gemm_f32 *kernel, size_t k, size_t n) {
    return deixis_gemm_f32_panels(kernel, n) * k * kernel->nr;
}

size_t deixis_gemm_f32_unpacked_scratch(const deixis_gemm_f32 *kernel, size_t k) { return k * kernel->nr; }

void deixis_gemm_f32_pack(const deixis_gemm_f32 *kernel, const float *b, ptrdiff_t row_stride, ptrdiff_t column_stride,
    size_t k, size_t n, size_t panel_begin, size_t panel_end, float *packed) {
    size_t nr = kernel->nr;
    for (size_t panel = panel_begin; panel < panel_end; panel++) {
        size_t columns = n - panel * nr < nr ? n - panel * nr : nr;
        deixis_pack_panel(b + (ptrdiff_t)(panel * nr) * column_stride, row_stride, column_stride, k, columns, nr, 1,
            packed + panel * k * nr);
    }
}

/// One panel: rows [m, m_end), columns [n, n + columns).
static void run_panel(
    const deixis_gemm_f32 *kernel, const deixis_gemm_f32_args *args, size_t m, size_t m_end, size_t n, size_t columns) {
    const deixis_tiles_f32 *tiles = kernel->tiles;
    size_t vectors = (columns + kernel->lanes - 1) / kernel->lanes;
    size_t most = deixis_block_depth(args->caches), blocks = (args->k + most - 1) / most;
    size_t depth = blocks ? (args->k + blocks - 1) / blocks : 0;
    const float *rows[DEIXIS_TILE_MAX_ROWS];
    deixis_tile_f32 tile = {.rows = rows,
        .taps = 1,
        .a_step = 1,
        .b_step = kernel->nr,
        .ldc = args->ldc,
        .ldr = args->ldr,
        .columns = columns};
    bool apply = false;
    size_t k = 0;
    do {
        bool first = k == 0, last = k + depth >= args->k;
        tile.depth = last ? args->k - k : depth;
        tile.a_offset = (ptrdiff_t)k;
        tile.b = args->b + n * args->k + k * kernel->nr;
        tile.load = !first;
        tile.bias = first && args->bias ? args->bias + n : NULL;
        if (last) apply = deixis_tile_activation(&tile, args->activation);
        for (size_t i = m; i < m_end;) {
            // As even as possible: 8 rows are 4 + 4, not 6 + 2.
            size_t left = m_end - i, count = (left + kernel->mr - 1) / kernel->mr;
            size_t height = (left + count - 1) / count;
            for (size_t r = 0; r < height; r++) rows[r] = args->a + (ptrdiff_t)(i + r) * args->lda;
            tile.c = args->c + (ptrdiff_t)i * args->ldc + (ptrdiff_t)n;
            tile.residual = first && args->residual ? args->residual + (ptrdiff_t)i * args->ldr + (ptrdiff_t)n : NULL;
            tiles->run[height - 1][vectors - 1](&tile);
            i += height;
        }
        k += depth;
    } while (k < args->k);
    if (!apply) return;
    for (size_t i = m; i < m_end; i++) {
        float *c = args->c + (ptrdiff_t)i * args->ldc + (ptrdiff_t)n;
        tiles->unary(args->activation, c, c, columns);
    }
}

void deixis_gemm_f32_run(const deixis_gemm_f32 *kernel, const deixis_gemm_f32_args *args, size_t m_begin, size_t m_end,
    size_t n_begin, size_t n_end) {
    const deixis_tiles_f32 *tiles = kernel->tiles;
    if (!tiles->run[0][0]) {
        deixis_gemm_f32_reference(kernel, args, m_begin, m_end, n_begin, n_end);
        return;
    }
    size_t block = deixis_block_rows(args->caches, 4 * args->k, kernel->mr, 64 * kernel->mr);
    for (size_t m = m_begin; m < m_end; m += block) {
        size_t end = m_end - m < block ? m_end : m + block;
        for (size_t n = n_begin; n < n_end; n += kernel->nr) {
            run_panel(kernel, args, m, end, n, n_end - n < kernel->nr ? n_end - n : kernel->nr);
        }
    }
}

void deixis_gemm_f32_run_unpacked(const deixis_gemm_f32 *kernel, const deixis_gemm_f32_args *args, ptrdiff_t row_stride,
    ptrdiff_t column_stride, size_t m_begin, size_t m_end, size_t n_begin, size_t n_end, float *scratch) {
    for (size_t n = n_begin; n < n_end; n += kernel->nr) {
        size_t columns = n_end - n < kernel->nr ? n_end - n : kernel->nr;
        deixis_gemm_f32_pack(
            kernel, args->b + (ptrdiff_t)n * column_stride, row_stride, column_stride, args->k, columns, 0, 1, scratch);
        deixis_gemm_f32_args one = *args;
        one.n = columns;
        one.b = scratch;
        one.c = args->c + n;
        one.bias = args->bias ? args->bias + n : NULL;
        one.residual = args->residual ? args->residual + n : NULL;
        deixis_gemm_f32_run(kernel, &one, m_begin, m_end, 0, columns);
    }
}
