#if defined(__x86_64__)
#include "common/avx512vnni.h"

// Four unsigned bytes times four signed ones into a lane.
#define S8_B __m512i
#define S8_A __m512i
static inline S8_B s8_load(const int8_t *p) { return _mm512_loadu_si512(p); }
static inline S8_A s8_spread(uint32_t word) { return _mm512_set1_epi32((int)word); }
static inline vi s8_dot(vi sum, S8_A a, S8_B b) { return (vi)_mm512_dpbusd_epi32((__m512i)sum, a, b); }
#define MR 12
#define NV 2

#include "gemm_s8/body.h"

#include "common/end.h"
#endif
