#include "CDeixisSystem.h"

#include <string.h>

enum { lanes = 8 };
static const uint64_t prime = 0x9E3779B97F4A7C15u;

static inline uint64_t step(uint64_t lane, uint64_t word) {
    lane ^= word;
    lane = (lane << 29 | lane >> 35) * prime;
    // Eight scalar products are faster than vectors, which lack a 64-bit one before AVX-512: 12 GB/s, as fast as memory
    // gives, against 8.
    __asm__("" : "+r"(lane));
    return lane;
}

uint64_t deixis_checksum(uint64_t seed, const void *bytes, size_t size) {
    uint64_t lane[lanes], word[lanes];
    const uint8_t *next = bytes;
    size_t left = size;
    for (int i = 0; i < lanes; i++) lane[i] = seed + (uint64_t)i;
    for (; left >= sizeof word; left -= sizeof word, next += sizeof word) {
        memcpy(word, next, sizeof word);
        for (int i = 0; i < lanes; i++) lane[i] = step(lane[i], word[i]);
    }
    if (left > 0) {
        memset(word, 0, sizeof word);
        memcpy(word, next, left);
        for (int i = 0; i < lanes; i++) lane[i] = step(lane[i], word[i]);
    }
    uint64_t sum = step(seed, size);
    for (int i = 0; i < lanes; i++) sum = step(sum, lane[i]);
    return sum;
}
