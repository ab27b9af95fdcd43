// What body.h needs, for both AVX-512 variants.

#include "gemm_s8/tile.h"


// Packing works within 128-bit lanes, whose order a permutation restores. vpmovdb to memory is microcode on Zen 4: 64
// -> 256 channels with a residual ran at a third of the speed with it.
#define NARROW
static inline __m512i v_packed(vi a, vi b, vi c, vi d, int32_t zero) {
    const __m512i shift = _mm512_set1_epi16((short)zero),
                  order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    const __m512i low = _mm512_adds_epi16(_mm512_packs_epi32((__m512i)a, (__m512i)b), shift);
    const __m512i high = _mm512_adds_epi16(_mm512_packs_epi32((__m512i)c, (__m512i)d), shift);
    return _mm512_permutexvar_epi32(order, _mm512_packus_epi16(low, high));
}
static inline void v_narrow_row(uint8_t *p, const vi *x, const deixis_tail_s8 *q) {
    const __m512i bytes = _mm512_max_epu8(v_packed(x[0], x[1], x[2], x[3], q->zero), _mm512_set1_epi8((char)q->least));
    _mm512_storeu_si512(p, _mm512_min_epu8(bytes, _mm512_set1_epi8((char)q->most)));
}
// B as it stands: of four rows the words of 64 columns, within 128-bit lanes: word 4 lane + w of vector j is that of
// column 16 lane + 4 j + w.
#define INTERLEAVE
static inline void v_interleave(const int8_t *b, ptrdiff_t row, __mmask64 columns, vi *y) {
    __m512i r[4];
    for (int i = 0; i < 4; i++) r[i] = _mm512_maskz_loadu_epi8(columns, b + i * row);
    const __m512i low[2] = {_mm512_unpacklo_epi8(r[0], r[1]), _mm512_unpackhi_epi8(r[0], r[1])};
    const __m512i high[2] = {_mm512_unpacklo_epi8(r[2], r[3]), _mm512_unpackhi_epi8(r[2], r[3])};
    for (int i = 0; i < 2; i++) {
        y[2 * i] = (vi)_mm512_unpacklo_epi16(low[i], high[i]);
        y[2 * i + 1] = (vi)_mm512_unpackhi_epi16(low[i], high[i]);
    }
}
/// Sums of such words in the order of columns: a transposition of 4 x 4 lanes.
static inline void v_in_order(vi *x) {
    const __m512i a = (__m512i)x[0], b = (__m512i)x[1], c = (__m512i)x[2], d = (__m512i)x[3];
    const __m512i ab[2] = {_mm512_shuffle_i32x4(a, b, 0x44), _mm512_shuffle_i32x4(a, b, 0xee)};
    const __m512i cd[2] = {_mm512_shuffle_i32x4(c, d, 0x44), _mm512_shuffle_i32x4(c, d, 0xee)};
    for (int i = 0; i < 2; i++) {
        x[2 * i] = (vi)_mm512_shuffle_i32x4(ab[i], cd[i], 0x88);
        x[2 * i + 1] = (vi)_mm512_shuffle_i32x4(ab[i], cd[i], 0xdd);
    }
}
static inline void v_narrow_n(uint8_t *p, vi x, size_t n) {
    _mm_mask_storeu_epi8(p, (__mmask16)((1u << n) - 1), _mm512_castsi512_si128(v_packed(x, x, x, x, 0)));
}
static inline vi v_widen_n(const uint8_t *p, size_t n) {
    return (vi)_mm512_cvtepu8_epi32(
        n == 16 ? _mm_loadu_si128((const __m128i *)p) : _mm_maskz_loadu_epi8((__mmask16)((1u << n) - 1), p));
}
