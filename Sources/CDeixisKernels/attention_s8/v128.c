#include "common/v128.h"

#define ATTENTION_GROUP 2
#define ATTENTION_FLIP 0
#define ATTENTION_ROWS 2
#if defined(__x86_64__)
static inline vi attention_dot(vi sum, uint32_t word, const char *b) {
    return sum + (vi)_mm_madd_epi16(_mm_set1_epi32((int)word), _mm_loadu_si128((const __m128i *)(const void *)b));
}
#else
#include <arm_neon.h>
static inline vi attention_dot(vi sum, uint32_t word, const char *b) {
    const int16x8_t a = vreinterpretq_s16_u32(vdupq_n_u32(word)), k = vld1q_s16((const int16_t *)(const void *)b);
    return sum + (vi)vpaddq_s32(vmull_s16(vget_low_s16(a), vget_low_s16(k)), vmull_high_s16(a, k));
}
#endif
#include "attention_s8/body.h"

#include "common/end.h"
