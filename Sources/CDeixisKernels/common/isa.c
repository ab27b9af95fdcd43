#include "deixis/isa.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>

/// Which register files the operating system saves (XCR0). Only to be called when OSXSAVE is set.
static uint64_t saved_state(void) {
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (uint64_t)high << 32 | low;
}

static uint32_t probe(void) {
    uint32_t bits = DEIXIS_ISA_V128, a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d)) return bits;
    uint32_t leaf_7_1 = 0, ignored;
    bool fma = c >> 12 & 1, osxsave = c >> 27 & 1, avx = c >> 28 & 1;
    if (!osxsave || !avx) return bits;
    uint64_t state = saved_state();
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return bits;
    if (a >= 1) __get_cpuid_count(7, 1, &leaf_7_1, &ignored, &ignored, &ignored);
    bool ymm = (state & 0x06) == 0x06, zmm = (state & 0xe6) == 0xe6;
    if (ymm && fma && (b >> 5 & 1)) bits |= DEIXIS_ISA_AVX2;
    const uint32_t f_dq_bw_vl = 1u << 16 | 1u << 17 | 1u << 30 | 1u << 31;
    if ((bits & DEIXIS_ISA_AVX2) && zmm && (b & f_dq_bw_vl) == f_dq_bw_vl) bits |= DEIXIS_ISA_AVX512;
    if ((bits & DEIXIS_ISA_AVX2) && (leaf_7_1 >> 4 & 1)) bits |= DEIXIS_ISA_AVXVNNI;
    if ((bits & DEIXIS_ISA_AVX512) && (c >> 11 & 1)) bits |= DEIXIS_ISA_AVX512VNNI;
    return bits;
}
#elif defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>

static uint32_t probe(void) {
    // HWCAP_ASIMDDP and HWCAP2_I8MM.
    uint32_t bits = DEIXIS_ISA_V128;
    if (getauxval(AT_HWCAP) >> 20 & 1) bits |= DEIXIS_ISA_DOTPROD;
    if ((bits & DEIXIS_ISA_DOTPROD) && (getauxval(AT_HWCAP2) >> 13 & 1)) bits |= DEIXIS_ISA_I8MM;
    return bits;
}
#else
static uint32_t probe(void) { return DEIXIS_ISA_V128; }
#endif

static const struct {
    const char *name;
    uint32_t bits;
} rungs[] = {
    {"i8mm", DEIXIS_ISA_V128 | DEIXIS_ISA_DOTPROD | DEIXIS_ISA_I8MM},
    {"dotprod", DEIXIS_ISA_V128 | DEIXIS_ISA_DOTPROD},
    {"avx512vnni", DEIXIS_ISA_V128 | DEIXIS_ISA_AVX2 | DEIXIS_ISA_AVX512 | DEIXIS_ISA_AVX512VNNI},
    {"avx512", DEIXIS_ISA_V128 | DEIXIS_ISA_AVX2 | DEIXIS_ISA_AVX512},
    {"avxvnni", DEIXIS_ISA_V128 | DEIXIS_ISA_AVX2 | DEIXIS_ISA_AVXVNNI},
    {"avx2", DEIXIS_ISA_V128 | DEIXIS_ISA_AVX2},
    {"v128", DEIXIS_ISA_V128},
    {"scalar", 0},
};
enum { rung_count = sizeof rungs / sizeof rungs[0] };

bool deixis_isa_named(const char *name, uint32_t *bits) {
    for (int i = 0; i < rung_count; i++) {
        if (strcmp(name, rungs[i].name)) continue;
        *bits = rungs[i].bits;
        return true;
    }
    return false;
}

const char *deixis_isa_name(uint32_t bits) {
    for (int i = 0; i < rung_count; i++) {
        if ((rungs[i].bits & bits) == rungs[i].bits) return rungs[i].name;
    }
    return "scalar";
}

uint32_t deixis_isa_detect(void) {
    // Bit 31 says the cache is filled; two threads that both probe store the same word.
    static _Atomic uint32_t cache;
    uint32_t bits = atomic_load_explicit(&cache, memory_order_relaxed);
    if (bits) return bits & 0x7fffffff;
    bits = probe();
    const char *cap = getenv("DEIXIS_ISA");
    uint32_t allowed;
    if (cap && deixis_isa_named(cap, &allowed)) bits &= allowed;
    atomic_store_explicit(&cache, bits | 1u << 31, memory_order_relaxed);
    return bits;
}
