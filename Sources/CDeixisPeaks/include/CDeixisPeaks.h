// What this machine can do at most: loops that do nothing but multiply-accumulate, or nothing but read. `deixis
// profile` measures operators against them. Not part of libdeixis.
#pragma once

#include <stddef.h>
#include <stdint.h>

/// One loop. `run(n)` does n * macs_per_round multiply-accumulates in registers; its result only keeps the compiler
/// from leaving them out.
typedef struct deixis_peak {
    /// e.g. "avx512", "avx512vnni".
    const char *name;
    uint64_t macs_per_round;
    uint64_t (*run)(uint64_t rounds);
} deixis_peak;

/// The fastest loop of float fused multiply-adds that this CPU runs.
deixis_peak deixis_peak_f32(void);
/// The fastest loop of products of 8-bit integers summed in 32 bits.
deixis_peak deixis_peak_s8(void);
/// Reads `size` bytes (whole 512 B blocks of them) at a 64-byte aligned address with the widest loads.
uint64_t deixis_peak_read(const void *bytes, size_t size);
