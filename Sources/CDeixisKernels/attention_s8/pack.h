// A head's K and V rearranged for dot products:  [block of sixteen columns][ceil(depth / GROUP)][16][GROUP].  For
// scores the columns are keys and the depth is channels; for outputs the columns are channels and the depth is keys.
// With GROUP 4 values are bytes, q ^ ATTENTION_FLIP; with GROUP 2 they are 16-bit q - zero. What lies outside the
// matrix is 0.

typedef uint8_t v_row __attribute__((ext_vector_type(16)));
typedef uint8_t v_half_row __attribute__((ext_vector_type(8)));
typedef int16_t v_wide __attribute__((ext_vector_type(8)));
typedef uint32_t v_words __attribute__((ext_vector_type(4)));

enum {
    GROUP = ATTENTION_GROUP,
    UNIT = 64,                      // bytes of one group of sixteen columns
    CHUNK = 4 * GROUP,              // values in sixteen bytes
};

static inline size_t groups_of(size_t depth) { return (depth + GROUP - 1) / GROUP; }
static inline size_t blocks_of(size_t columns) { return (columns + 15) / 16; }
static inline size_t packed_size(size_t depth, size_t columns) { return blocks_of(columns) * groups_of(depth) * UNIT; }

/// The first `valid` of `size` bytes, then what counts as 0.
static inline void take(const uint8_t *from, size_t valid, size_t size, int32_t zero, uint8_t *to) {
    memset(to, GROUP == 4 ? ATTENTION_FLIP : zero, size);
    memcpy(to, from, valid);
}

/// CHUNK values as packed.
static inline v_words chunk(const uint8_t *p, int32_t zero) {
#if ATTENTION_GROUP == 4
    (void)zero;
    v_row b;
    memcpy(&b, p, sizeof b);
    return (v_words)(b ^ ATTENTION_FLIP);
#else
    v_half_row b;
    memcpy(&b, p, sizeof b);
    return (v_words)(__builtin_convertvector(b, v_wide) - (v_wide)((int16_t)zero));
#endif
}

/// Columns are rows of x.
static void VARIANT_NAME(pack_rows)(
    const uint8_t *x, ptrdiff_t row, size_t columns, size_t depth, int32_t zero, char *to) {
    const size_t groups = groups_of(depth);
    for (size_t j = 0; j < blocks_of(columns) * 16; j += 4) {
        char *unit = to + j / 16 * groups * UNIT + j % 16 * 4;
        for (size_t c = 0; c < depth; c += CHUNK) {
            const size_t valid = depth - c < CHUNK ? depth - c : CHUNK, pieces = (valid + GROUP - 1) / GROUP;
            v_words w[4], t[4];
            for (size_t i = 0; i < 4; i++) {
                const uint8_t *from = x + (ptrdiff_t)(j + i) * row + (ptrdiff_t)c;
                uint8_t part[CHUNK];
                if (j + i >= columns) w[i] = 0;
                else if (valid == CHUNK) w[i] = chunk(from, zero);
                else take(from, valid, CHUNK, zero, part), w[i] = chunk(part, zero);
            }
            v_words low01 = __builtin_shufflevector(w[0], w[1], 0, 4, 1, 5),
                    high01 = __builtin_shufflevector(w[0], w[1], 2, 6, 3, 7);
            v_words low23 = __builtin_shufflevector(w[2], w[3], 0, 4, 1, 5),
                    high23 = __builtin_shufflevector(w[2], w[3], 2, 6, 3, 7);
            t[0] = __builtin_shufflevector(low01, low23, 0, 1, 4, 5);
            t[1] = __builtin_shufflevector(low01, low23, 2, 3, 6, 7);
            t[2] = __builtin_shufflevector(high01, high23, 0, 1, 4, 5);
            t[3] = __builtin_shufflevector(high01, high23, 2, 3, 6, 7);
            for (size_t i = 0; i < pieces; i++) memcpy(unit + (c / GROUP + i) * UNIT, &t[i], 16);
        }
    }
}

/// Sixteen columns of GROUP rows.
static inline void interleave(const uint8_t *const *rows, int32_t zero, char *unit) {
#if ATTENTION_GROUP == 4
    (void)zero;
    v_row r[4], t[4];
    for (int i = 0; i < 4; i++) {
        memcpy(&r[i], rows[i], 16);
        r[i] ^= ATTENTION_FLIP;
    }
#define LOW 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23
#define HIGH 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31
#define LOW_PAIRS 0, 1, 16, 17, 2, 3, 18, 19, 4, 5, 20, 21, 6, 7, 22, 23
#define HIGH_PAIRS 8, 9, 24, 25, 10, 11, 26, 27, 12, 13, 28, 29, 14, 15, 30, 31
    v_row low01 = __builtin_shufflevector(r[0], r[1], LOW), low23 = __builtin_shufflevector(r[2], r[3], LOW);
    v_row high01 = __builtin_shufflevector(r[0], r[1], HIGH), high23 = __builtin_shufflevector(r[2], r[3], HIGH);
    t[0] = __builtin_shufflevector(low01, low23, LOW_PAIRS);
    t[1] = __builtin_shufflevector(low01, low23, HIGH_PAIRS);
    t[2] = __builtin_shufflevector(high01, high23, LOW_PAIRS);
    t[3] = __builtin_shufflevector(high01, high23, HIGH_PAIRS);
    memcpy(unit, t, UNIT);
#else
    for (int half = 0; half < 2; half++) {
        v_wide r[2];
        for (int i = 0; i < 2; i++) r[i] = (v_wide)chunk(rows[i] + 8 * half, zero);
        v_wide low = __builtin_shufflevector(r[0], r[1], 0, 8, 1, 9, 2, 10, 3, 11),
               high = __builtin_shufflevector(r[0], r[1], 4, 12, 5, 13, 6, 14, 7, 15);
        memcpy(unit + 32 * half, &low, 16);
        memcpy(unit + 32 * half + 16, &high, 16);
    }
#endif
}

/// Columns are columns of x.
static void VARIANT_NAME(pack_columns)(
    const uint8_t *x, ptrdiff_t row, size_t columns, size_t depth, int32_t zero, char *to) {
    const size_t groups = groups_of(depth);
    for (size_t g = 0; g < groups; g++) {
        for (size_t c = 0; c < columns; c += 16) {
            const uint8_t *rows[GROUP];
            uint8_t parts[GROUP][16];
            const size_t valid = columns - c < 16 ? columns - c : 16;
            for (size_t i = 0; i < GROUP; i++) {
                const bool inside = g * GROUP + i < depth;
                rows[i] = x + (ptrdiff_t)(g * GROUP + i) * row + (ptrdiff_t)c;
                if (inside && valid == 16) continue;
                take(rows[i], inside ? valid : 0, 16, zero, parts[i]);
                rows[i] = parts[i];
            }
            interleave(rows, zero, to + (c / 16 * groups + g) * UNIT);
        }
    }
}
