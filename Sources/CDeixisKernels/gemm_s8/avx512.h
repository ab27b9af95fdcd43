// What body.h needs, for both AVX-512 variants.

#include "gemm_s8/tile.h"


// Packing works within 128-bit lanes, whose order a permutation restores. vpmovdb to memory is microcode on Zen 4: 64 -> 256 channels with a
// residual ran at a third of the speed with it.
#define NARROW
static inline __m512i v_packed(vi a, vi b, vi c, vi d, int32_t zero) {
    const __m512i shift = _mm512_set1_epi16((short)zero), order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    const __m512i low = _mm512_adds_epi16(_mm512_packs_epi32((__m512i)a, (__m512i)b), shift);
    const __m512i high = _mm512_adds_epi16(_mm512_packs_epi32((__m512i)c, (__m512i)d), shift);
    return _mm512_permutexvar_epi32(order, _mm512_packus_epi16(low, high));
}
static inline void v_narrow_row(uint8_t *p, const vi *x, const deixis_tail_s8 *q) {
    const __m512i bytes = _mm512_max_epu8(v_packed(x[0], x[1], x[2], x[3], q->zero), _mm512_set1_epi8((char)q->least));
    _mm512_storeu_si512(p, _mm512_min_epu8(bytes, _mm512_set1_epi8((char)q->most)));
}
static inline void v_narrow_n(uint8_t *p, vi x, size_t n) {
    _mm_mask_storeu_epi8(p, (__mmask16)((1u << n) - 1), _mm512_castsi512_si128(v_packed(x, x, x, x, 0)));
}
static inline vi v_widen_n(const uint8_t *p, size_t n) {
    return (vi)_mm512_cvtepu8_epi32(n == 16 ? _mm_loadu_si128((const __m128i *)p) : _mm_maskz_loadu_epi8((__mmask16)((1u << n) - 1), p));
}
