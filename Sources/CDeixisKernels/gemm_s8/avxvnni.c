#if defined(__x86_64__)
#include "common/avxvnni.h"

#define S8_B __m256i
#define S8_A __m256i
static inline S8_B s8_load(const int8_t *p) { return _mm256_loadu_si256((const __m256i *)(const void *)p); }
static inline S8_A s8_spread(uint32_t word) { return _mm256_set1_epi32((int)word); }
static inline vi s8_dot(vi sum, S8_A a, S8_B b) { return (vi)_mm256_dpbusd_avx_epi32((__m256i)sum, a, b); }
#define MR 6
#define NV 2

#include "gemm_s8/body.h"

#include "common/end.h"
#endif
