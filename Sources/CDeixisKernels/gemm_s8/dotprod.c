#if defined(__aarch64__)
#pragma clang attribute push(__attribute__((target("dotprod"))), apply_to = function)
#define SIMD dotprod
#include "common/v128.h"

#include <arm_neon.h>

/// sdot takes signed bytes: A - 128, and the panel's head adds 128 times B's sums.
#define SIGNED_A
static inline vi v_dot(vi sum, vi a, vi b) { return (vi)vdotq_s32((int32x4_t)sum, (int8x16_t)a, (int8x16_t)b); }

#include "gemm_s8/body.h"

#include "common/end.h"
#pragma clang attribute pop
#endif
