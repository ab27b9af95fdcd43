#if defined(__x86_64__)
#include "common/avx2.h"

typedef __m256i s8_v;
static inline s8_v s8_low(s8_v b) { return _mm256_srai_epi16(_mm256_slli_epi16(b, 8), 8); }
static inline s8_v s8_high(s8_v b) { return _mm256_srai_epi16(b, 8); }
static inline s8_v s8_madd(s8_v a, s8_v b) { return _mm256_madd_epi16(a, b); }
static inline s8_v s8_set(uint32_t word) { return _mm256_set1_epi32((int)word); }
#include "gemm_s8/pairs.h"
#define MR 4
#define NV 2

#include "gemm_s8/body.h"

#include "common/end.h"
#endif
