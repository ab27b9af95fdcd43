#if defined(__x86_64__)
#include "common/avx512vnni.h"
#include "gemm_s8/avx512.h"

static inline vi v_dot(vi sum, vi a, vi b) { return (vi)_mm512_dpbusd_epi32((__m512i)sum, (__m512i)a, (__m512i)b); }

#include "gemm_s8/body.h"

#include "common/end.h"
#endif
