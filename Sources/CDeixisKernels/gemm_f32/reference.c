#include "gemm_f32/reference.h"

#include "gemm_f32/tile.h"
#include "unary_f32/reference.h"

/// No tiles: gemm and conv see that the first is null and go by the definition.
const deixis_tiles_f32 deixis_gemm_f32_tiles_reference;

void deixis_gemm_f32_reference(const deixis_gemm_f32 *kernel, const deixis_gemm_f32_args *args, size_t m_begin,
    size_t m_end, size_t n_begin, size_t n_end) {
    size_t nr = kernel->nr;
    for (ptrdiff_t i = (ptrdiff_t)m_begin; i < (ptrdiff_t)m_end; i++) {
        for (size_t j = n_begin; j < n_end; j++) {
            double sum = args->bias ? args->bias[j] : 0;
            if (args->residual) sum += args->residual[i * args->ldr + (ptrdiff_t)j];
            for (size_t k = 0; k < args->k; k++)
                sum += (double)args->a[i * args->lda + (ptrdiff_t)k] * args->b[(j / nr * args->k + k) * nr + j % nr];
            args->c[i * args->ldc + (ptrdiff_t)j] = deixis_unary_reference(args->activation, (float)sum);
        }
    }
}
