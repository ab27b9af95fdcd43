// The baseline's 128-bit vectors (SSE2, NEON): common/vector.h with 4 lanes. Opens a region that common/end.h closes.
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#if defined(__x86_64__)
#include <emmintrin.h>
#endif

// A file for a superset of these instructions names it.
#ifndef SIMD
#define SIMD v128
#endif
#define LANES 4

#include "common/vector.h"

#if defined(__aarch64__)
static inline vf v_fma(vf a, vf b, vf c) { return __builtin_elementwise_fma(a, b, c); }
#else
static inline vf v_fma(vf a, vf b, vf c) { return a * b + c; }
#endif
static inline vf v_sqrt(vf x) { return __builtin_elementwise_sqrt(x); }
/// The first n of LANES values, 0 <= n <= LANES; the rest is 0 and not read.
static inline vf v_load_n(const float *p, size_t n) {
    vf x = v_set(0);
    if (n >= 4) return v_load(p);
    if (n > 0) x[0] = p[0];
    if (n > 1) x[1] = p[1];
    if (n > 2) x[2] = p[2];
    return x;
}
static inline void v_store_n(float *p, vf x, size_t n) {
    if (n >= 4) v_store(p, x);
    else {
        if (n > 0) p[0] = x[0];
        if (n > 1) p[1] = x[1];
        if (n > 2) p[2] = x[2];
    }
}
static inline vf v_load_u8(const uint8_t *p) {
    typedef uint8_t bytes __attribute__((ext_vector_type(4)));
    bytes b;
    __builtin_memcpy(&b, p, 4);
    return __builtin_convertvector(__builtin_convertvector(b, vi), vf);
}
/// To the nearest integer, ties to even.
#if defined(__x86_64__)
static inline vi v_round(vf x) { return (vi)_mm_cvtps_epi32((__m128)x); }
#else
static inline vi v_round(vf x) { return __builtin_convertvector(__builtin_elementwise_roundeven(x), vi); }
#endif
