// Eight sums of VECTOR (uint64 lanes), 8 * sizeof(VECTOR) bytes a round. NAME and VECTOR as in body.h.

uint64_t NAME(const void *bytes, size_t size) {
    const VECTOR *at = bytes;
    VECTOR sums[8] = {{0}};
    for (size_t rounds = size / sizeof sums; rounds > 0; rounds--, at += 8) {
#pragma clang loop unroll(full)
        for (int i = 0; i < 8; i++) sums[i] += at[i];
    }
    VECTOR sum = sums[0];
    for (int i = 1; i < 8; i++) sum += sums[i];
    return sum[0];
}

#undef NAME
#undef VECTOR
