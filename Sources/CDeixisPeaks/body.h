// One loop, for each ISA file to fill in:
//   NAME      the function
//   VECTOR    the type of accumulators, LANES of them in use at once
//   PREPARE   declares the factors
//   STEP(acc) acc += products
// Enough accumulators to hide the latency of the two or four units that multiply: 12, and 16 registers are there at
// least.

#define PEAK_JOIN2(a, b) a##b
#define PEAK_JOIN(a, b) PEAK_JOIN2(a, b)

uint64_t PEAK_JOIN(deixis_peak_, NAME)(uint64_t rounds) {
    VECTOR acc[12];
    for (int i = 0; i < 12; i++) acc[i] = (VECTOR){0};
    PREPARE
    for (uint64_t round = 0; round < rounds; round++) {
#pragma clang loop unroll(full)
        for (int i = 0; i < 12; i++) { STEP(acc[i]) }
    }
    VECTOR sum = acc[0];
    for (int i = 1; i < 12; i++) sum += acc[i];
    uint64_t bits;
    __builtin_memcpy(&bits, &sum, sizeof bits);
    return bits;
}

#undef PEAK_JOIN2
#undef PEAK_JOIN
#undef NAME
#undef VECTOR
#undef PREPARE
#undef STEP
