#include "common/v128.h"

#define MR 4
#define NV 2

#if defined(__x86_64__)
typedef __m128i s8_v;
static inline s8_v s8_low(s8_v b) { return _mm_srai_epi16(_mm_slli_epi16(b, 8), 8); }
static inline s8_v s8_high(s8_v b) { return _mm_srai_epi16(b, 8); }
static inline s8_v s8_madd(s8_v a, s8_v b) { return _mm_madd_epi16(a, b); }
static inline s8_v s8_set(uint32_t word) { return _mm_set1_epi32((int)word); }
#include "gemm_s8/pairs.h"
#else
// Byte by byte in 32-bit lanes.
typedef struct s8_four { vi part[4]; } s8_four;
#define S8_B s8_four
#define S8_A uint32_t
static inline S8_B s8_load(const int8_t *p) {
    vi b;
    __builtin_memcpy(&b, p, sizeof b);
    return (s8_four){{b << 24 >> 24, b << 16 >> 24, b << 8 >> 24, b >> 24}};
}
static inline S8_A s8_spread(uint32_t word) { return word; }
static inline vi s8_dot(vi sum, S8_A a, S8_B b) {
    for (int i = 0; i < 4; i++) sum += b.part[i] * (vi)(int32_t)(a >> 8 * i & 255);
    return sum;
}
#endif

#include "gemm_s8/body.h"

#include "common/end.h"
