#include "deixis/gemm_f32.h"

#include "gemm_f32/reference.h"
#include "gemm_f32/tile.h"

size_t deixis_gemm_f32_panels(const deixis_gemm_f32 *kernel, size_t n) { return (n + kernel->nr - 1) / kernel->nr; }

size_t deixis_gemm_f32_packed_size(const deixis_gemm_f32 *kernel, size_t k, size_t n) {
    return deixis_gemm_f32_panels(kernel, n) * k * kernel->nr;
}

size_t deixis_gemm_f32_unpacked_scratch(const deixis_gemm_f32 *kernel, size_t k) { return k * kernel->nr; }

void deixis_gemm_f32_pack(const deixis_gemm_f32 *kernel, const float *b, ptrdiff_t row_stride, ptrdiff_t column_stride, size_t k, size_t n,
                          size_t panel_begin, size_t panel_end, float *packed) {
    size_t nr = kernel->nr;
    for (size_t panel = panel_begin; panel < panel_end; panel++) {
        float *to = packed + panel * k * nr;
        const float *from = b + (ptrdiff_t)(panel * nr) * column_stride;
        size_t columns = n - panel * nr < nr ? n - panel * nr : nr;
        for (size_t i = 0; i < k; i++, to += nr, from += row_stride) {
            for (size_t j = 0; j < columns; j++) to[j] = from[(ptrdiff_t)j * column_stride];
            for (size_t j = columns; j < nr; j++) to[j] = 0;
        }
    }
}

void deixis_gemm_f32_run(const deixis_gemm_f32 *kernel, const deixis_gemm_f32_args *args, size_t m_begin, size_t m_end, size_t n_begin,
                         size_t n_end) {
    deixis_gemm_f32_reference(kernel, args, m_begin, m_end, n_begin, n_end);
}

void deixis_gemm_f32_run_unpacked(const deixis_gemm_f32 *kernel, const deixis_gemm_f32_args *args, ptrdiff_t row_stride,
                                  ptrdiff_t column_stride, size_t m_begin, size_t m_end, size_t n_begin, size_t n_end, float *scratch) {
    size_t nr = kernel->nr;
    for (size_t n = n_begin; n < n_end; n += nr) {
        size_t end = n_end - n < nr ? n_end : n + nr;
        deixis_gemm_f32_pack(kernel, args->b + (ptrdiff_t)n * column_stride, row_stride, column_stride, args->k, end - n, 0, 1, scratch);
        deixis_gemm_f32_args one = *args;
        one.n = end - n;
        one.b = scratch;
        one.c = args->c + n;
        one.bias = args->bias ? args->bias + n : NULL;
        one.residual = args->residual ? args->residual + n : NULL;
        deixis_gemm_f32_run(kernel, &one, m_begin, m_end, 0, end - n);
    }
}
