#pragma once
#include "CDeixisPeaks.h"

uint64_t deixis_peak_f32_v128(uint64_t rounds), deixis_peak_s8_v128(uint64_t rounds);
uint64_t deixis_read_v128(const void *bytes, size_t size);
#if defined(__x86_64__)
uint64_t deixis_peak_f32_avx2(uint64_t rounds), deixis_peak_s8_avx2(uint64_t rounds);
uint64_t deixis_peak_s8_avxvnni(uint64_t rounds);
uint64_t deixis_peak_f32_avx512(uint64_t rounds), deixis_peak_s8_avx512(uint64_t rounds);
uint64_t deixis_peak_s8_avx512vnni(uint64_t rounds);
uint64_t deixis_read_avx2(const void *bytes, size_t size), deixis_read_avx512(const void *bytes, size_t size);
#elif defined(__aarch64__)
uint64_t deixis_peak_s8_dot(uint64_t rounds);
#endif
