#if defined(__aarch64__)
#include <arm_neon.h>
#pragma clang attribute push(__attribute__((target("arch=armv8.2-a+dotprod"))), apply_to = function)
#define SIMD dotprod
#include "common/v128.h"

// Signed times signed only: A goes in as a - 128, which body.h puts right by the sums of B's columns.
#define S8_CORRECTED
#define S8_B int8x16_t
#define S8_A int8x16_t
static inline S8_B s8_load(const int8_t *p) { return vld1q_s8(p); }
static inline S8_A s8_spread(uint32_t word) { return vreinterpretq_s8_u32(vdupq_n_u32(word ^ 0x80808080u)); }
static inline S8_A s8_ones(void) { return vdupq_n_s8(1); }
static inline vi s8_dot(vi sum, S8_A a, S8_B b) { return (vi)vdotq_s32((int32x4_t)sum, a, b); }
#define MR 6
#define NV 4

#include "gemm_s8/body.h"

#include "common/end.h"
#pragma clang attribute pop
#endif
