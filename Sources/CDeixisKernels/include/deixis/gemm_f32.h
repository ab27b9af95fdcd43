// C[m,n] = f(A[m,k] B[k,n] + bias[n] + residual[m,n])
//
// A and C are row-major with leading dimensions; A is read in place. B is packed into panels of `nr` columns, column j
// of panel p being column p nr + j of B, zeros beyond n:   packed[(p k + i) nr + j] = B[i, p nr + j].   Panels are
// independent, so packing splits by panel. Sums run over k in an order of the variant's choice with or without fused
// multiply-add:
//     |C - exact| <= 2^-23 (k + 2) (sum |a||b| + |bias| + |residual|)   before f, whose own error comes on top.
#pragma once

#include "caches.h"
#include "unary_f32.h"

typedef struct deixis_gemm_f32 {
    const char *name;
    uint32_t isa;
    uint32_t mr, nr;        // rows and columns of a register tile
    uint32_t lanes;         // floats in a vector
    const void *tiles;      // the variant's own
} deixis_gemm_f32;

typedef struct deixis_gemm_f32_args {
    size_t m, n, k;
    const float *a;
    ptrdiff_t lda;
    const float *b;         // packed for this variant
    float *c;
    ptrdiff_t ldc;
    const float *bias;      // n values or null
    const float *residual;  // m rows or null; may be c itself (same rows, ldr = ldc)
    ptrdiff_t ldr;
    deixis_activation activation;
    deixis_caches caches;
} deixis_gemm_f32_args;

const deixis_gemm_f32 *deixis_gemm_f32_variants(size_t *count);
/// The best variant that `isa` allows for `n` columns (0 if not known): least work wasted on padding, then manifest
/// order.
const deixis_gemm_f32 *deixis_gemm_f32_select(uint32_t isa, size_t n);

/// ceil(n / nr)
size_t deixis_gemm_f32_panels(const deixis_gemm_f32 *kernel, size_t n);
/// Floats of a packed B: panels k nr.
size_t deixis_gemm_f32_packed_size(const deixis_gemm_f32 *kernel, size_t k, size_t n);
/// Packs panels [panel_begin, panel_end) of B. Element (i, j) of B is b[i * row_stride + j * column_stride]: a
/// row-major [k, n] matrix has strides (ldb, 1), a transposed one, [n, k] in memory, (1, ldb). `packed` is the start of
/// the whole packed matrix.
void deixis_gemm_f32_pack(const deixis_gemm_f32 *kernel, const float *b, ptrdiff_t row_stride, ptrdiff_t column_stride,
    size_t k, size_t n, size_t panel_begin, size_t panel_end, float *packed);

/// Computes C[m_begin..<m_end, n_begin..<n_end]. n_begin is a multiple of nr; n_end is one too, or n. Ranges that do
/// not overlap may run at once on several threads. With k = 0 the product is 0.
void deixis_gemm_f32_run(const deixis_gemm_f32 *kernel, const deixis_gemm_f32_args *args, size_t m_begin, size_t m_end,
    size_t n_begin, size_t n_end);

/// Floats of scratch that deixis_gemm_f32_run_unpacked needs, one scratch per thread: k nr.
size_t deixis_gemm_f32_unpacked_scratch(const deixis_gemm_f32 *kernel, size_t k);
/// The same with B not packed (products of two activations): args->b and the strides are those of deixis_gemm_f32_pack;
/// each panel of the column range is packed into `scratch` and used at once, so split by columns before rows.
void deixis_gemm_f32_run_unpacked(const deixis_gemm_f32 *kernel, const deixis_gemm_f32_args *args, ptrdiff_t row_stride,
    ptrdiff_t column_stride, size_t m_begin, size_t m_end, size_t n_begin, size_t n_end, float *scratch);
