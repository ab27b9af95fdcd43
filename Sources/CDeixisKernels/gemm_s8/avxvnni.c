#if defined(__x86_64__)
#include "common/avxvnni.h"
#include "gemm_s8/avx2.h"

static inline vi v_dot(vi sum, vi a, vi b) { return (vi)_mm256_dpbusd_avx_epi32((__m256i)sum, (__m256i)a, (__m256i)b); }

#include "gemm_s8/body.h"

#include "common/end.h"
#endif
