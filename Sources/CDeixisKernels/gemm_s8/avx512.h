// What body.h needs, for both AVX-512 variants.

static inline vi v_round(vf x) { return (vi)_mm512_cvtps_epi32((__m512)x); }

#define NARROW_ROW
/// 64 bytes in one store. Packing works within 128-bit lanes, whose order the permutation restores.
static inline void v_narrow_row(uint8_t *p, const vi *x, int32_t zero) {
    const __m512i shift = _mm512_set1_epi16((short)zero);
    __m512i low = _mm512_add_epi16(_mm512_packs_epi32((__m512i)x[0], (__m512i)x[1]), shift);
    __m512i high = _mm512_add_epi16(_mm512_packs_epi32((__m512i)x[2], (__m512i)x[3]), shift);
    const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    _mm512_storeu_si512(p, _mm512_permutexvar_epi32(order, _mm512_packus_epi16(low, high)));
}
