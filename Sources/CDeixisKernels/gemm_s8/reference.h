#pragma once

#include "deixis/gemm_s8.h"

/// The definition, from packed B.
void deixis_gemm_s8_reference(const deixis_gemm_s8 *kernel, const deixis_gemm_s8_args *args, size_t m_begin,
    size_t m_end, size_t n_begin, size_t n_end);

/// From the sum of column `column` to C[c] with R[r].
void deixis_requantize_reference(const deixis_requantize *q, size_t column, int32_t sum, const void *residual,
    ptrdiff_t r, void *output, ptrdiff_t c);
