#if defined(__aarch64__)
#pragma clang attribute push(__attribute__((target("i8mm,dotprod"))), apply_to = function)
#define SIMD i8mm
#include "common/v128.h"

#include <arm_neon.h>

static inline vi v_dot(vi sum, vi a, vi b) { return (vi)vusdotq_s32((int32x4_t)sum, (uint8x16_t)a, (int8x16_t)b); }

#include "gemm_s8/body.h"

#include "common/end.h"
#pragma clang attribute pop
#endif
