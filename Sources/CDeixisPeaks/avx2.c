// AVX2 and FMA: fused multiply-add; for 8 bits VPMADDUBSW, VPMADDWD and VPADDD.
#if defined(__x86_64__)
#include "peaks.h"
#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)

typedef uint64_t u64x4 __attribute__((vector_size(32)));

#define NAME f32_avx2
#define VECTOR __m256
#define PREPARE __m256 x = _mm256_set1_ps(1), y = x; __asm__ volatile("" : "+x"(x), "+x"(y));
#define STEP(acc) acc = _mm256_fmadd_ps(x, y, acc);
#include "body.h"

#define NAME s8_avx2
#define VECTOR __m256i
#define PREPARE __m256i u = _mm256_set1_epi8(1), s = u, ones = _mm256_set1_epi16(1);
#define STEP(acc) \
    __asm__ volatile("" : "+x"(u)); \
    acc = _mm256_add_epi32(acc, _mm256_madd_epi16(_mm256_maddubs_epi16(u, s), ones));
#include "body.h"

#define NAME deixis_read_avx2
#define VECTOR u64x4
#include "read.h"

#pragma clang attribute pop
#endif
