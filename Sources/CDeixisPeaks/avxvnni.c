// AVX-VNNI: VPDPBUSD on 256 bits, without AVX-512.
#if defined(__x86_64__)
#include "peaks.h"
#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx2,avxvnni"))), apply_to = function)

#define NAME s8_avxvnni
#define VECTOR __m256i
#define PREPARE __m256i u = _mm256_set1_epi8(1), s = u; __asm__ volatile("" : "+x"(u), "+x"(s));
#define STEP(acc) acc = _mm256_dpbusd_avx_epi32(acc, u, s);
#include "body.h"

#pragma clang attribute pop
#endif
