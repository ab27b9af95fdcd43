// Arithmetic with the same bits on every instruction set: single IEEE operations in a fixed order, none fused. Quantized families use it, so that
// a quantized model gives one answer everywhere. To be included after common/<isa>.h; sixteen virtual lanes stand for a vector of any width.
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

/// The first n of LANES values, the rest 0.
static inline vf exact_load(const float *p, size_t n) { return n == LANES ? v_load(p) : v_load_n(p, n); }
static inline void exact_store(float *p, vf x, size_t n) {
    if (n == LANES) v_store(p, x);
    else v_store_n(p, x, n);
}

/// How many of the LANES elements from `at` on are below `count`.
static inline size_t exact_valid(size_t at, size_t count) { return at >= count ? 0 : count - at < LANES ? count - at : LANES; }

/// x with 0 in lanes from n on.
static inline vf exact_keep(vf x, size_t n) {
    if (n == LANES) return x;
    float lane[LANES];
    v_store(lane, x);
    return v_load_n(lane, n);
}

typedef uint8_t v_bytes __attribute__((ext_vector_type(LANES)));

static inline vf exact_load_u8(const uint8_t *p, size_t n) {
    v_bytes b = 0;
    if (n == LANES) __builtin_memcpy(&b, p, LANES);
    else for (size_t i = 0; i < n; i++) b[i] = p[i];
    return __builtin_convertvector(b, vf);
}

/// round(x inverse) + zero as a byte; NaN gives 0. Bounds are whole numbers, so clamping before rounding is the same.
static inline void exact_store_u8(uint8_t *p, vf x, float inverse, int32_t zero, size_t n) {
    x = x * v_set(inverse);
    x = v_min(v_max(x, v_set((float)-zero)), v_set((float)(255 - zero)));
    v_bytes b = __builtin_convertvector(v_round(x) + (vi)(zero), v_bytes);
    if (n == LANES) __builtin_memcpy(p, &b, LANES);
    else for (size_t i = 0; i < n; i++) p[i] = b[i];
}

/// f(x), where vectors know f.
static inline bool exact_knows(int32_t function) {
    switch (function) {
    case DEIXIS_UNARY_IDENTITY: case DEIXIS_UNARY_RELU: case DEIXIS_UNARY_CLIP: case DEIXIS_UNARY_LEAKY_RELU: case DEIXIS_UNARY_GELU:
    case DEIXIS_UNARY_GELU_TANH: case DEIXIS_UNARY_SIGMOID: case DEIXIS_UNARY_TANH: case DEIXIS_UNARY_ERF: case DEIXIS_UNARY_EXP:
    case DEIXIS_UNARY_SILU: case DEIXIS_UNARY_HARD_SIGMOID: case DEIXIS_UNARY_HARD_SWISH: return true;
    default: return false;
    }
}

static inline vf exact_unary(deixis_activation f, vf x) {
    switch (f.function) {
    case DEIXIS_UNARY_RELU: return v_max(x, v_set(0));
    case DEIXIS_UNARY_CLIP: return v_min(v_max(x, v_set(f.alpha)), v_set(f.beta));
    case DEIXIS_UNARY_LEAKY_RELU: return x < v_set(0) ? x * v_set(f.alpha) : x;
    case DEIXIS_UNARY_GELU: return v_gelu(x);
    case DEIXIS_UNARY_GELU_TANH: return v_gelu_tanh(x);
    case DEIXIS_UNARY_SIGMOID: return v_sigmoid(x);
    case DEIXIS_UNARY_TANH: return v_tanh(x);
    case DEIXIS_UNARY_ERF: return v_erf(x);
    case DEIXIS_UNARY_EXP: return v_exp(x);
    case DEIXIS_UNARY_SILU: return v_silu(x);
    case DEIXIS_UNARY_HARD_SIGMOID: return v_min(v_max(v_mul_add(x, v_set(f.alpha), v_set(f.beta)), v_set(0)), v_set(1));
    case DEIXIS_UNARY_HARD_SWISH: return x * v_min(v_max(v_mul_add(x, v_set(1.0f / 6), v_set(0.5f)), v_set(0)), v_set(1));
    default: return x;
    }
}
