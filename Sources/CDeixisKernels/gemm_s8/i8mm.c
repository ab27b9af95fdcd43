#if defined(__aarch64__)
#include <arm_neon.h>
#pragma clang attribute push(__attribute__((target("arch=armv8.6-a+i8mm"))), apply_to = function)
#define SIMD i8mm
#include "common/v128.h"

#define S8_B int8x16_t
#define S8_A uint8x16_t
static inline S8_B s8_load(const int8_t *p) { return vld1q_s8(p); }
static inline S8_A s8_spread(uint32_t word) { return vreinterpretq_u8_u32(vdupq_n_u32(word)); }
static inline vi s8_dot(vi sum, S8_A a, S8_B b) { return (vi)vusdotq_s32((int32x4_t)sum, a, b); }
#define MR 6
#define NV 4

#include "gemm_s8/body.h"

#include "common/end.h"
#pragma clang attribute pop
#endif
