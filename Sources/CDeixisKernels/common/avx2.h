// AVX2 and FMA: the vectors of common/vector.h with 8 lanes. Opens a region that common/end.h closes.
#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

// A file for a superset of these instructions names it and them.
#ifndef SIMD
#define SIMD avx2
#define TARGET "avx2,fma"
#endif
#define LANES 8

#pragma clang attribute push(__attribute__((target(TARGET))), apply_to = function)

#include "common/vector.h"

static inline vf v_fma(vf a, vf b, vf c) { return __builtin_elementwise_fma(a, b, c); }
static inline vf v_sqrt(vf x) { return (vf)_mm256_sqrt_ps((__m256)x); }
static inline __m256i v_mask(size_t n) {
    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
/// The first n of LANES values, 0 <= n <= LANES; the rest is 0 and not read.
static inline vf v_load_n(const float *p, size_t n) { return (vf)_mm256_maskload_ps(p, v_mask(n)); }
static inline void v_store_n(float *p, vf x, size_t n) { _mm256_maskstore_ps(p, v_mask(n), (__m256)x); }
static inline vf v_load_u8(const uint8_t *p) {
    return (vf)_mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)p)));
}
/// To the nearest integer, ties to even.
static inline vi v_round(vf x) { return (vi)_mm256_cvtps_epi32((__m256)x); }
