// AVX-512: the vectors of common/vector.h with 16 lanes. Opens a region that common/end.h closes.
#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

// A file for a superset of these instructions names it and them.
#ifndef SIMD
#define SIMD avx512
#define TARGET "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma"
#endif
#define LANES 16

#pragma clang attribute push(__attribute__((target(TARGET))), apply_to = function)

#include "common/vector.h"

static inline vf v_fma(vf a, vf b, vf c) { return __builtin_elementwise_fma(a, b, c); }
static inline vf v_sqrt(vf x) { return (vf)_mm512_sqrt_ps((__m512)x); }
/// The first n of LANES values, 0 <= n <= LANES; the rest is 0 and not read.
static inline vf v_load_n(const float *p, size_t n) { return (vf)_mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1), p); }
static inline void v_store_n(float *p, vf x, size_t n) {
    _mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1), (__m512)x);
}
static inline vf v_load_u8(const uint8_t *p) {
    return (vf)_mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)p)));
}
/// To the nearest integer, ties to even.
static inline vi v_round(vf x) { return (vi)_mm512_cvtps_epi32((__m512)x); }
