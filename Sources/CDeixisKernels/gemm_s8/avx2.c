#if defined(__x86_64__)
#include "common/avx2.h"
#include "gemm_s8/avx2.h"

/// Bytes at even and at odd places become 16-bit numbers, whose products fit in 32 bits: exact, where vpmaddubsw would
/// saturate.
static inline vi v_dot(vi sum, vi a, vi b) {
    const __m256i even = _mm256_set1_epi16(0xff), x = (__m256i)a, y = (__m256i)b;
    sum += (vi)_mm256_madd_epi16(_mm256_and_si256(x, even), _mm256_srai_epi16(_mm256_slli_epi16(y, 8), 8));
    return sum + (vi)_mm256_madd_epi16(_mm256_srli_epi16(x, 8), _mm256_srai_epi16(y, 8));
}

#include "gemm_s8/body.h"

#include "common/end.h"
#endif
