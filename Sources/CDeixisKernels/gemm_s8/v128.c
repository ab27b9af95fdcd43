#include "common/v128.h"

#if defined(__aarch64__)
#include <arm_neon.h>

#define SIGNED_A
static inline vi v_dot(vi sum, vi a, vi b) {
    const int8x16_t x = (int8x16_t)a, y = (int8x16_t)b;
    const int16x8_t low = vmull_s8(vget_low_s8(x), vget_low_s8(y)), high = vmull_high_s8(x, y);
    return sum + (vi)vpaddq_s32(vpaddlq_s16(low), vpaddlq_s16(high));
}
#else
#include <emmintrin.h>

/// Bytes at even and at odd places become 16-bit numbers, whose products fit in 32 bits.
static inline vi v_dot(vi sum, vi a, vi b) {
    const __m128i even = _mm_set1_epi16(0xff), x = (__m128i)a, y = (__m128i)b;
    sum += (vi)_mm_madd_epi16(_mm_and_si128(x, even), _mm_srai_epi16(_mm_slli_epi16(y, 8), 8));
    return sum + (vi)_mm_madd_epi16(_mm_srli_epi16(x, 8), _mm_srai_epi16(y, 8));
}
#endif

#include "gemm_s8/body.h"

#include "common/end.h"
