// What body.h needs, for both 256-bit variants.

#include "gemm_s8/tile.h"

#define NARROW
/// Sixteen bytes zero + x. Packing works within 128-bit lanes, whose order a permutation restores.
static inline __m128i v_packed(vi a, vi b, int32_t zero) {
    const __m256i words = _mm256_permute4x64_epi64(_mm256_packs_epi32((__m256i)a, (__m256i)b), 0xd8);
    const __m256i moved = _mm256_adds_epi16(words, _mm256_set1_epi16((short)zero));
    return _mm_packus_epi16(_mm256_castsi256_si128(moved), _mm256_extracti128_si256(moved, 1));
}
static inline void v_narrow_row(uint8_t *p, const vi *x, const deixis_tail_s8 *q) {
    const __m128i bytes = _mm_max_epu8(v_packed(x[0], x[1], q->zero), _mm_set1_epi8((char)q->least));
    _mm_storeu_si128((__m128i *)p, _mm_min_epu8(bytes, _mm_set1_epi8((char)q->most)));
}
static inline void v_narrow_n(uint8_t *p, vi x, size_t n) {
    uint8_t bytes[16];
    _mm_storeu_si128((__m128i *)bytes, v_packed(x, x, 0));
    if (n == 8) __builtin_memcpy(p, bytes, 8);
    else for (size_t i = 0; i < n; i++) p[i] = bytes[i];
}
static inline vi v_widen_n(const uint8_t *p, size_t n) {
    uint64_t bytes = 0;
    if (n == 8) __builtin_memcpy(&bytes, p, 8);
    else for (size_t i = 0; i < n; i++) bytes |= (uint64_t)p[i] << 8 * i;
    return (vi)_mm256_cvtepu8_epi32(_mm_cvtsi64_si128((long long)bytes));
}
