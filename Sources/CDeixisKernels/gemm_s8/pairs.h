// Exact dot products without VNNI: bytes 0 and 2, and bytes 1 and 3 of each lane, as 16-bit pairs. VPMADDUBSW would saturate.
// The ISA file has defined s8_v (an integer vector), s8_low (the lower bytes of 16-bit lanes, sign kept), s8_high, s8_madd, s8_set.
typedef struct s8_pair { s8_v even, odd; } s8_pair;
#define S8_B s8_pair
#define S8_A s8_pair
static inline S8_B s8_load(const int8_t *p) {
    s8_v b;
    __builtin_memcpy(&b, p, sizeof b);
    return (s8_pair){s8_low(b), s8_high(b)};
}
static inline S8_A s8_spread(uint32_t word) { return (s8_pair){s8_set(word & 0x00ff00ff), s8_set(word >> 8 & 0x00ff00ff)}; }
static inline vi s8_dot(vi sum, S8_A a, S8_B b) { return sum + (vi)s8_madd(a.even, b.even) + (vi)s8_madd(a.odd, b.odd); }
