#if defined(__x86_64__)
#include "common/avx512.h"
#include "gemm_s8/avx512.h"

/// Bytes at even and at odd places become 16-bit numbers, whose products fit in 32 bits: exact, where vpmaddubsw would
/// saturate.
static inline vi v_dot(vi sum, vi a, vi b) {
    const __m512i even = _mm512_set1_epi16(0xff), x = (__m512i)a, y = (__m512i)b;
    sum += (vi)_mm512_madd_epi16(_mm512_and_si512(x, even), _mm512_srai_epi16(_mm512_slli_epi16(y, 8), 8));
    return sum + (vi)_mm512_madd_epi16(_mm512_srli_epi16(x, 8), _mm512_srai_epi16(y, 8));
}

#include "gemm_s8/body.h"

#include "common/end.h"
#endif
