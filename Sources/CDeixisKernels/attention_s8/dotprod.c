#if defined(__aarch64__)
#include <arm_neon.h>
#pragma clang attribute push(__attribute__((target("arch=armv8.2-a+dotprod"))), apply_to = function)
#define SIMD dotprod
#include "common/v128.h"

// Unsigned times unsigned.
#define ATTENTION_GROUP 4
#define ATTENTION_FLIP 0
#define ATTENTION_ROWS 4
static inline vi attention_dot(vi sum, uint32_t word, const char *b) {
    return (vi)vdotq_u32((uint32x4_t)sum, vreinterpretq_u8_u32(vdupq_n_u32(word)), vld1q_u8((const uint8_t *)b));
}
#include "attention_s8/body.h"

#include "common/end.h"
#pragma clang attribute pop
#endif
