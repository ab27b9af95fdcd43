// Arm's SDOT: 16 products an instruction.
#if defined(__aarch64__)
#include "peaks.h"
#include <arm_neon.h>

#pragma clang attribute push(__attribute__((target("dotprod"))), apply_to = function)

#define NAME s8_dot
#define VECTOR int32x4_t
#define PREPARE int8x16_t x = vdupq_n_s8(1), y = x; __asm__ volatile("" : "+w"(x), "+w"(y));
#define STEP(acc) acc = vdotq_s32(acc, x, y);
#include "body.h"

#pragma clang attribute pop
#endif
