// Which loop this CPU runs. Asks the CPU itself, not DEIXIS_ISA: a capped run is measured against the whole machine.
#include "peaks.h"

#if defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>
#endif

enum { accumulators = 12 };

static deixis_peak loop(const char *name, uint64_t macs, uint64_t (*run)(uint64_t)) {
    return (deixis_peak){.name = name, .macs_per_round = macs * accumulators, .run = run};
}

deixis_peak deixis_peak_f32(void) {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw"))
        return loop("avx512", 16, deixis_peak_f32_avx512);
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return loop("avx2", 8, deixis_peak_f32_avx2);
#endif
    return loop("v128", 4, deixis_peak_f32_v128);
}

deixis_peak deixis_peak_s8(void) {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512bw"))
        return loop("avx512vnni", 64, deixis_peak_s8_avx512vnni);
    if (__builtin_cpu_supports("avx512bw")) return loop("avx512", 64, deixis_peak_s8_avx512);
    if (__builtin_cpu_supports("avxvnni")) return loop("avxvnni", 32, deixis_peak_s8_avxvnni);
    if (__builtin_cpu_supports("avx2")) return loop("avx2", 32, deixis_peak_s8_avx2);
#elif defined(__aarch64__) && defined(__linux__)
    // HWCAP_ASIMDDP
    if (getauxval(AT_HWCAP) & 1 << 20) return loop("dot", 16, deixis_peak_s8_dot);
#endif
    return loop("v128", 8, deixis_peak_s8_v128);
}

uint64_t deixis_peak_read(const void *bytes, size_t size) {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")) return deixis_read_avx512(bytes, size);
    if (__builtin_cpu_supports("avx2")) return deixis_read_avx2(bytes, size);
#endif
    return deixis_read_v128(bytes, size);
}
