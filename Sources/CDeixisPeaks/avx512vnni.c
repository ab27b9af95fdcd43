// AVX-512 VNNI: VPDPBUSD, 64 products an instruction.
#if defined(__x86_64__)
#include "peaks.h"
#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512vnni"))), apply_to = function)

#define NAME s8_avx512vnni
#define VECTOR __m512i
#define PREPARE __m512i u = _mm512_set1_epi8(1), s = u; __asm__ volatile("" : "+v"(u), "+v"(s));
#define STEP(acc) acc = _mm512_dpbusd_epi32(acc, u, s);
#include "body.h"

#pragma clang attribute pop
#endif
