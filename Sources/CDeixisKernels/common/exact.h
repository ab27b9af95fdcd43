// Arithmetic with the same bits on every instruction set: single IEEE operations in a fixed order, none fused.
// Quantized families use it, so that a quantized model gives one answer everywhere. To be included after
// common/<isa>.h; sixteen virtual lanes stand for a vector of any width.
#pragma once

#include <stdbool.h>

#pragma clang fp contract(off)

#include "unary_f32/reference.h"

static inline vf v_mul_add(vf a, vf b, vf c) {
    vf product = a * b;
    return product + c;
}
#define v_fma(a, b, c) v_mul_add(a, b, c)
#include "common/math.h"

enum { EXACT_LANES = 16, EXACT_PARTS = EXACT_LANES / LANES };

/// The sum of sixteen lanes: i with i + 8, then 4, 2, 1.
static inline float exact_fold(const vf *parts) {
#if LANES == 16
    vf v = parts[0];
    v = v + __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7);
    v = v + __builtin_shufflevector(v, v, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11);
    v = v + __builtin_shufflevector(v, v, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13);
    return v[0] + v[1];
#else
    float lane[EXACT_LANES];
    for (int p = 0; p < EXACT_PARTS; p++) v_store(lane + p * LANES, parts[p]);
    for (int width = EXACT_LANES / 2; width > 0; width /= 2) {
        for (int i = 0; i < width; i++) lane[i] += lane[i + width];
    }
    return lane[0];
#endif
}

/// The largest lane; no NaN.
static inline float exact_highest(vf v) {
#if LANES == 16
    v = v_max(v, __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7));
    v = v_max(v, __builtin_shufflevector(v, v, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11));
    v = v_max(v, __builtin_shufflevector(v, v, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13));
    return v[0] > v[1] ? v[0] : v[1];
#else
    float lane[LANES], top;
    v_store(lane, v);
    top = lane[0];
    for (int i = 1; i < LANES; i++) top = lane[i] > top ? lane[i] : top;
    return top;
#endif
}

/// How many of the LANES elements from `at` on are below `count`.
static inline size_t exact_valid(size_t at, size_t count) {
    return at >= count ? 0 : count - at < LANES ? count - at : LANES;
}

/// x with 0 in lanes from n on.
static inline vf exact_keep(vf x, size_t n) {
    if (n == LANES) return x;
    float lane[LANES];
    v_store(lane, x);
    return v_load_n(lane, n);
}

typedef uint8_t v_bytes __attribute__((ext_vector_type(LANES)));

static inline __attribute__((always_inline)) v_bytes exact_bytes(const uint8_t *p, size_t n) {
    v_bytes b = 0;
    if (n == LANES) __builtin_memcpy(&b, p, LANES);
    else for (size_t i = 0; i < n; i++) b[i] = p[i];
    return b;
}

/// The first n of LANES values, the rest 0.
static inline __attribute__((always_inline)) vf exact_load(const float *p, size_t n) {
    return n == LANES ? v_load(p) : v_load_n(p, n);
}
static inline __attribute__((always_inline)) void exact_store(float *p, vf x, size_t n) {
    if (n == LANES) v_store(p, x);
    else v_store_n(p, x, n);
}

/// (float)(q - zero) scale of n bytes, or n floats as they are.
static inline __attribute__((always_inline)) vf exact_read(
    const void *p, bool bytes, size_t at, int32_t zero, float scale, size_t n) {
    if (!bytes) return exact_load((const float *)p + at, n);
    vi q = __builtin_convertvector(exact_bytes((const uint8_t *)p + at, n), vi) - (vi)(zero);
    return __builtin_convertvector(q, vf) * v_set(scale);
}

/// round(x inverse) + zero as a byte; NaN gives 0. Bounds are whole numbers, so clamping before rounding is the same.
static inline __attribute__((always_inline)) void exact_store_u8(
    uint8_t *p, vf x, float inverse, int32_t zero, size_t n) {
    x = x * v_set(inverse);
    x = v_min(v_max(x, v_set((float)-zero)), v_set((float)(255 - zero)));
    v_bytes b = __builtin_convertvector(v_round(x) + (vi)(zero), v_bytes);
    if (n == LANES) __builtin_memcpy(p, &b, LANES);
    else for (size_t i = 0; i < n; i++) p[i] = b[i];
}

/// x rounded to a step of its storage as uint8 and read again.
static inline vf exact_around(vf x, float inverse, int32_t zero, float scale) {
    x = v_min(v_max(x * v_set(inverse), v_set((float)-zero)), v_set((float)(255 - zero)));
    return __builtin_convertvector(v_round(x), vf) * v_set(scale);
}

/// The functions that vectors know; the others run through libm, one value at a time, in every variant.
#define EXACT_FUNCTIONS(X) \
    X(IDENTITY) \
    X(RELU) X(CLIP) X(LEAKY_RELU) X(GELU) X(GELU_TANH) X(SIGMOID) X(TANH) X(ERF) X(EXP) X(SILU) X(HARD_SIGMOID) \
        X(HARD_SWISH) X(SQRT) X(RECIPROCAL) X(NEGATE) X(ABS) X(SQUARE) X(AFFINE)

/// f(x), one of EXACT_FUNCTIONS. NaN gives NaN: the order of operands of v_max and v_min sees to it.
static inline __attribute__((always_inline)) vf exact_unary(int32_t function, float alpha, float beta, vf x) {
    switch (function) {
    case DEIXIS_UNARY_RELU: return v_max(v_set(0), x);
    case DEIXIS_UNARY_CLIP: return v_min(v_set(beta), v_max(v_set(alpha), x));
    case DEIXIS_UNARY_LEAKY_RELU: return x < v_set(0) ? x * v_set(alpha) : x;
    case DEIXIS_UNARY_GELU: return v_gelu(x);
    case DEIXIS_UNARY_GELU_TANH: return v_gelu_tanh(x);
    case DEIXIS_UNARY_SIGMOID: return v_sigmoid(x);
    case DEIXIS_UNARY_TANH: return v_tanh(x);
    case DEIXIS_UNARY_ERF: return v_erf(x);
    case DEIXIS_UNARY_EXP: return v_exp(x);
    case DEIXIS_UNARY_SILU: return v_silu(x);
    case DEIXIS_UNARY_HARD_SIGMOID: return v_min(v_set(1), v_max(v_set(0), v_mul_add(x, v_set(alpha), v_set(beta))));
    // -infinity times 0 must be 0.
    case DEIXIS_UNARY_HARD_SWISH:
        return v_max(v_set(-4), x) * v_min(v_set(1), v_max(v_set(0), v_mul_add(x, v_set(1.0f / 6), v_set(0.5f))));
    case DEIXIS_UNARY_SQRT: return v_sqrt(x);
    case DEIXIS_UNARY_RECIPROCAL: return v_set(1) / x;
    case DEIXIS_UNARY_NEGATE: return -x;
    case DEIXIS_UNARY_ABS: return v_abs(x);
    case DEIXIS_UNARY_SQUARE: return x * x;
    case DEIXIS_UNARY_AFFINE: return v_mul_add(x, v_set(alpha), v_set(beta));
    default: return x;
    }
}
