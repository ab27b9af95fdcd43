// The baseline: SSE2 (multiply, then add) and pairs of 16-bit products; on arm64 NEON's fused multiply-add.
#include "peaks.h"

typedef float f32x4 __attribute__((vector_size(16)));
typedef int32_t s32x4 __attribute__((vector_size(16)));
typedef int16_t s16x8 __attribute__((vector_size(16)));
typedef uint64_t u64x2 __attribute__((vector_size(16)));

#define NAME f32_v128
#define VECTOR f32x4
#define PREPARE f32x4 x = {1, 1, 1, 1}, y = {1, 1, 1, 1};
#if defined(__x86_64__)
// Opaque again each time, or the product would be taken out of the loop.
#define STEP(acc) __asm__ volatile("" : "+x"(x)); acc += x * y;
#else
#define STEP(acc) acc += x * y;
#pragma clang fp contract(fast)
#endif
#include "body.h"

#define NAME s8_v128
#define VECTOR s32x4
#define PREPARE s16x8 x = {1, 1, 1, 1, 1, 1, 1, 1}, y = {1, 2, 3, 4, 5, 6, 7, 8};
#if defined(__x86_64__)
#include <emmintrin.h>
#define STEP(acc) __asm__ volatile("" : "+x"(x)); acc += (s32x4)_mm_madd_epi16((__m128i)x, (__m128i)y);
#elif defined(__aarch64__)
#include <arm_neon.h>
// 16 8-bit products in two instructions, summed in pairs by a third.
#define STEP(acc) \
    __asm__ volatile("" : "+w"(x)); \
    acc = (s32x4)vmlal_s16((int32x4_t)acc, vget_low_s16((int16x8_t)x), vget_low_s16((int16x8_t)y)); \
    acc = (s32x4)vmlal_high_s16((int32x4_t)acc, (int16x8_t)x, (int16x8_t)y);
#else
#define STEP(acc) __asm__ volatile("" : "+m"(x)); s16x8 p = x * y; acc += (s32x4)p;
#endif
#include "body.h"

#define NAME deixis_read_v128
#define VECTOR u64x2
#include "read.h"
