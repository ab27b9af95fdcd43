// Which instruction sets a kernel may use.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// Bits of an instruction set mask. A variant may run when all its bits are set. Variants with no bit run anywhere.
enum {
    /// 128-bit vectors of the baseline: SSE2 on x86-64, NEON on arm64.
    DEIXIS_ISA_V128 = 1 << 0,
    /// AVX2 and FMA, and the operating system keeps the upper halves.
    DEIXIS_ISA_AVX2 = 1 << 1,
    /// AVX-512 F, BW, DQ, VL, and the operating system keeps masks and 512-bit registers.
    DEIXIS_ISA_AVX512 = 1 << 2,
    /// AVX-VNNI: 256-bit sums of byte products (VEX vpdpbusd), besides AVX2.
    DEIXIS_ISA_AVXVNNI = 1 << 3,
    /// AVX512-VNNI: the same with 512 bits, besides AVX-512.
    DEIXIS_ISA_AVX512VNNI = 1 << 4,
    /// arm64 sums of signed byte products (sdot).
    DEIXIS_ISA_DOTPROD = 1 << 5,
    /// arm64 sums of products of unsigned with signed bytes (usdot, usmmla), besides DOTPROD.
    DEIXIS_ISA_I8MM = 1 << 6,
};

/// What this CPU and operating system can do, capped by the environment variable DEIXIS_ISA if it is one of the rungs
/// below (other values are ignored). Probed once; later calls return the same bits.
uint32_t deixis_isa_detect(void);

/// The bits up to a named rung, whether or not this CPU has them: "scalar", "v128", "avx2", "avxvnni", "avx512",
/// "avx512vnni" (without AVX-VNNI, which some CPUs that have the latter lack), "dotprod", "i8mm". False for another
/// name.
bool deixis_isa_named(const char *name, uint32_t *bits);

/// The highest rung in `bits`.
const char *deixis_isa_name(uint32_t bits);
