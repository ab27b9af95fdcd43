// AVX-512: fused multiply-add; for 8 bits as AVX2 does it, twice as wide.
#if defined(__x86_64__)
#include "peaks.h"
#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl"))), apply_to = function)

typedef uint64_t u64x8 __attribute__((vector_size(64)));

#define NAME f32_avx512
#define VECTOR __m512
#define PREPARE __m512 x = _mm512_set1_ps(1), y = x; __asm__ volatile("" : "+v"(x), "+v"(y));
#define STEP(acc) acc = _mm512_fmadd_ps(x, y, acc);
#include "body.h"

#define NAME s8_avx512
#define VECTOR __m512i
#define PREPARE __m512i u = _mm512_set1_epi8(1), s = u, ones = _mm512_set1_epi16(1);
#define STEP(acc) \
    __asm__ volatile("" : "+v"(u)); \
    acc = _mm512_add_epi32(acc, _mm512_madd_epi16(_mm512_maddubs_epi16(u, s), ones));
#include "body.h"

#define NAME deixis_read_avx512
#define VECTOR u64x8
#include "read.h"

#pragma clang attribute pop
#endif
