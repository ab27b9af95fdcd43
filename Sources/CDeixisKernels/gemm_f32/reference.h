#pragma once

#include "deixis/gemm_f32.h"

/// The definition, in double precision, from packed B.
void deixis_gemm_f32_reference(const deixis_gemm_f32 *kernel, const deixis_gemm_f32_args *args, size_t m_begin,
    size_t m_end, size_t n_begin, size_t n_end);
