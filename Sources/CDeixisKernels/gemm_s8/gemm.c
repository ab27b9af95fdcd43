#include "deixis/gemm_s8.h"

#include "gemm_s8/tile.h"

size_t deixis_gemm_s8_panels(const deixis_gemm_s8 *kernel, size_t n) { return (n + kernel->nr - 1) / kernel->nr; }

static size_t panel_size(const deixis_gemm_s8 *kernel, size_t k) { return (k + 3) / 4 * 4 * kernel->nr; }

size_t deixis_gemm_s8_packed_size(const deixis_gemm_s8 *kernel, size_t k, size_t n) {
    return deixis_gemm_s8_panels(kernel, n) * panel_size(kernel, k);
}

void deixis_gemm_s8_pack(const deixis_gemm_s8 *kernel, const int8_t *b, ptrdiff_t row_stride, ptrdiff_t column_stride, size_t k, size_t n,
                         size_t panel_begin, size_t panel_end, int8_t *packed) {
    const size_t nr = kernel->nr;
    for (size_t panel = panel_begin; panel < panel_end; panel++) {
        int8_t *to = packed + panel * panel_size(kernel, k);
        const size_t first = panel * nr, columns = n - first < nr ? n - first : nr;
        for (size_t i = 0; i < k; i += 4, to += 4 * nr) {
            const size_t steps = k - i < 4 ? k - i : 4;
            if (columns < nr || steps < 4) for (size_t j = 0; j < 4 * nr; j++) to[j] = 0;
            const int8_t *from = b + (ptrdiff_t)i * row_stride + (ptrdiff_t)first * column_stride;
            if (column_stride == 1 && steps == 4) {
                const int8_t *p0 = from, *p1 = p0 + row_stride, *p2 = p1 + row_stride, *p3 = p2 + row_stride;
                for (size_t j = 0; j < columns; j++) {
                    to[4 * j] = p0[j];
                    to[4 * j + 1] = p1[j];
                    to[4 * j + 2] = p2[j];
                    to[4 * j + 3] = p3[j];
                }
                continue;
            }
            for (size_t j = 0; j < columns; j++) {
                for (size_t s = 0; s < steps; s++) to[4 * j + s] = from[(ptrdiff_t)s * row_stride + (ptrdiff_t)j * column_stride];
            }
        }
    }
}

/// Rows of A that stay in the L2 cache while the panels pass.
static size_t row_block(const deixis_gemm_s8 *kernel, size_t k) {
    size_t rows = (384u << 10) / (k + 1);
    rows -= rows % kernel->mr;
    const size_t least = 8 * kernel->mr, most = 48 * kernel->mr;
    return rows < least ? least : rows > most ? most : rows;
}

void deixis_gemm_s8_run(const deixis_gemm_s8 *kernel, const deixis_gemm_s8_args *args, size_t m_begin, size_t m_end, size_t n_begin,
                        size_t n_end) {
    enum { pointers = 48 * DEIXIS_TILE_S8_MAX_ROWS };
    const uint8_t *rows[pointers];
    const size_t block = row_block(kernel, args->k), c_size = deixis_s8_size(args->requantize.output_type);
    const size_t r_size = deixis_s8_size(args->requantize.residual_type);
    for (size_t m = m_begin; m < m_end; m += block) {
        const size_t count = m_end - m < block ? m_end - m : block;
        for (size_t i = 0; i < count; i++) rows[i] = args->a + (ptrdiff_t)(m + i) * args->lda;
        for (size_t n = n_begin; n < n_end; n += kernel->nr) {
            const deixis_requantize tail = deixis_requantize_from(&args->requantize, n);
            const ptrdiff_t c = (ptrdiff_t)m * args->ldc + (ptrdiff_t)n, r = (ptrdiff_t)m * args->ldr + (ptrdiff_t)n;
            deixis_tiles_s8_walk(kernel, (deixis_tile_s8){
                .rows = rows, .row_step = pointers, .taps = 1, .depth = args->k, .b = args->b + n / kernel->nr * panel_size(kernel, args->k),
                .c = (char *)args->c + c * (ptrdiff_t)c_size, .c_row = args->ldc * (ptrdiff_t)c_size,
                .residual = args->residual ? (const char *)args->residual + r * (ptrdiff_t)r_size : (const char *)rows,
                .residual_row = args->residual ? args->ldr * (ptrdiff_t)r_size : 0, .tail = &tail, .columns = n_end - n < kernel->nr ? n_end - n : kernel->nr}, count);
        }
    }
}
