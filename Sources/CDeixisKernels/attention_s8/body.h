// Rows of queries, ATTENTION_ROWS at a time: scores sixteen keys at a time with their maxima, softmax along the row,
// then outputs sixteen channels at a time. An ISA file has defined, beside common/<isa>.h:
//     ATTENTION_GROUP                  how many values make a 32-bit lane of a dot product: 4 bytes (unsigned times signed), or 2 of 16 bits
//     ATTENTION_FLIP                   0x80 where packed bytes are signed, q - 128; 0 where they are unsigned
//     ATTENTION_ROWS
//     attention_dot(sum, word, b)      sum + the dot products of the word with LANES groups at b

#include "common/exact.h"
#include "deixis/attention_s8.h"

#include <math.h>
#include <string.h>

#include "attention_s8/pack.h"

#define UNROLLED _Pragma("clang loop unroll(full)")
#define INLINE static inline __attribute__((always_inline))

enum { ROWS = ATTENTION_ROWS, PARTS = EXACT_PARTS };

#if ATTENTION_GROUP == 4
typedef uint8_t left_value;
#else
typedef int16_t left_value;
#endif

/// Sixteen sums, or sixteen floats.
typedef struct sixteen_sums { vi part[PARTS]; } sixteen_sums;
typedef struct sixteen { vf part[PARTS]; } sixteen;

typedef struct workspace {
    char *k, *v;                // packed
    int32_t *k_offset;          // what the zero points add to a column of scores
    float *bias;                // [keys, -infinity up to a whole block]
    left_value *copy;           // [ROWS][groups_of(head) GROUP]: queries, zeros at the end
    const left_value *q;        // the copy, or queries in place
    ptrdiff_t q_row;
    float *scores;              // [ROWS][whole blocks of keys]
    left_value *p;              // [ROWS][whole blocks of keys]
    size_t copy_row, row;
} workspace;

static inline size_t carve(workspace *w, char *base, size_t keys, size_t head, size_t value_head) {
    size_t used = 0;
    w->copy_row = groups_of(head) * GROUP;
    w->row = blocks_of(keys) * 16;
#define CARVE(field, bytes) w->field = (void *)((uintptr_t)base + used), used += ((bytes) + 63) / 64 * 64
    CARVE(k, packed_size(head, keys));
    CARVE(v, packed_size(keys, value_head));
    CARVE(k_offset, w->row * 4);
    CARVE(bias, w->row * 4);
    CARVE(copy, ROWS * w->copy_row * sizeof(left_value));
    CARVE(scores, ROWS * w->row * 4);
    CARVE(p, ROWS * w->row * sizeof(left_value));
#undef CARVE
    return used;
}

size_t VARIANT_NAME(deixis_attention_s8_scratch)(size_t keys, size_t head, size_t value_head) {
    workspace w;
    return carve(&w, NULL, keys, head, value_head);
}

/// rows x sixteen columns.
INLINE void product(
    const int rows, const left_value *a, ptrdiff_t a_row, const char *b, size_t groups, sixteen_sums *sums) {
    vi sum[ROWS][PARTS];
    UNROLLED for (int r = 0; r < rows; r++) UNROLLED for (int p = 0; p < PARTS; p++) sum[r][p] = 0;
    for (size_t g = 0; g < groups; g++, b += UNIT) {
        UNROLLED for (int r = 0; r < rows; r++) {
            uint32_t word;
            memcpy(&word, a + r * a_row + (ptrdiff_t)(g * GROUP), 4);
            UNROLLED for (int p = 0; p < PARTS; p++) sum[r][p] = attention_dot(sum[r][p], word, b + p * LANES * 4);
        }
    }
    UNROLLED for (int r = 0; r < rows; r++) UNROLLED for (int p = 0; p < PARTS; p++) sums[r].part[p] = sum[r][p];
}

// x with lanes i and i ^ n exchanged.
#if LANES == 16
#define ACROSS(x, n) \
    __builtin_shufflevector(x, x, 0 ^ n, 1 ^ n, 2 ^ n, 3 ^ n, 4 ^ n, 5 ^ n, 6 ^ n, 7 ^ n, 8 ^ n, 9 ^ n, 10 ^ n, \
        11 ^ n, 12 ^ n, 13 ^ n, 14 ^ n, 15 ^ n)
#elif LANES == 8
#define ACROSS(x, n) __builtin_shufflevector(x, x, 0 ^ n, 1 ^ n, 2 ^ n, 3 ^ n, 4 ^ n, 5 ^ n, 6 ^ n, 7 ^ n)
#else
#define ACROSS(x, n) __builtin_shufflevector(x, x, 0 ^ n, 1 ^ n, 2 ^ n, 3 ^ n)
#endif

/// Sixteen lanes into one, in every lane: i with i + 8, then 4, 2, 1. Sums commute, so lanes i and i + 8 become the
/// same value.
#define FOLD(type, of, result, COMBINE) \
    type result; \
    do { \
        type f_[PARTS]; \
        UNROLLED for (int p_ = 0; p_ < PARTS; p_++) f_[p_] = (of).part[p_]; \
        UNROLLED for (int w_ = PARTS / 2; w_ > 0; w_ /= 2) UNROLLED for (int p_ = 0; p_ < w_; p_++) f_[p_] = \
            COMBINE(f_[p_], f_[p_ + w_]); \
        result = f_[0]; \
        FOLD_8(result, COMBINE) \
        FOLD_4(result, COMBINE) \
        result = COMBINE(result, ACROSS(result, 2)); \
        result = COMBINE(result, ACROSS(result, 1)); \
    } while (0)
#if LANES >= 16
#define FOLD_8(x, COMBINE) x = COMBINE(x, ACROSS(x, 8));
#else
#define FOLD_8(x, COMBINE)
#endif
#if LANES >= 8
#define FOLD_4(x, COMBINE) x = COMBINE(x, ACROSS(x, 4));
#else
#define FOLD_4(x, COMBINE)
#endif
#define ADD(a, b) ((a) + (b))

/// S of `rows` queries and the largest of each row, NaN passed over.
INLINE void score(const int rows, const deixis_attention_s8_args *args, const workspace *w, const int32_t *q_offset,
    const float *bias, size_t bias_row, sixteen *high) {
    const size_t groups = groups_of(args->head);
    const float scale = args->scale;
    UNROLLED for (int r = 0; r < rows; r++) UNROLLED for (int p = 0; p < PARTS; p++) high[r].part[p] = v_set(-INFINITY);
    for (size_t j = 0; j < w->row; j += 16) {
        sixteen_sums sums[ROWS];
        product(rows, w->q, w->q_row, w->k + j / 16 * groups * UNIT, groups, sums);
        UNROLLED for (int r = 0; r < rows; r++) {
            UNROLLED for (int p = 0; p < PARTS; p++) {
                const size_t at = j + (size_t)(p * LANES);
                vi s = sums[r].part[p];
                if (GROUP == 4) {
                    vi offset;
                    memcpy(&offset, w->k_offset + at, sizeof offset);
                    s = s + offset + (vi)(q_offset[r]);
                }
                vf v = __builtin_convertvector(s, vf) * v_set(scale);
                v = v + v_load(bias + (size_t)r * bias_row + at);
                v_store(w->scores + (size_t)r * w->row + at, v);
                high[r].part[p] = v_max(v, high[r].part[p]);
            }
        }
    }
}

/// Rows of scores to P, step by step over all of them, so that their long chains of operations overlap. With bytes,
/// also the sums of P.
INLINE void softmax(
    const int rows, const workspace *w, size_t first, const sixteen *high, float p_inverse_scale, int32_t *sums) {
    const size_t row = w->row;
    float *scores = w->scores + first * row;
    left_value *out = w->p + first * row;
    vf top[ROWS], total[ROWS];
    UNROLLED for (int r = 0; r < rows; r++) {
        FOLD(vf, high[r], folded, v_max);
        top[r] = folded;
    }
    UNROLLED for (int r = 0; r < rows; r++) {
        sixteen sum;
        UNROLLED for (int p = 0; p < PARTS; p++) sum.part[p] = v_set(0);
        for (size_t j = 0; j < row; j += 16) {
            UNROLLED for (int p = 0; p < PARTS; p++) {
                float *at = scores + (size_t)r * row + j + p * LANES;
                vf e = v_exp(v_load(at) - top[r]);
                v_store(at, e);
                sum.part[p] += e;
            }
        }
        FOLD(vf, sum, folded, ADD);
        total[r] = folded;
    }
    UNROLLED for (int r = 0; r < rows; r++) {
        // NaN, from a score that is NaN or infinite or where every score is -infinity, makes every quotient NaN, and
        // NaN is quantized to 0.
        if (!(total[r][0] > 0)) {
            memset(out + (size_t)r * row, 0, row * sizeof *out);
            sums[r] = 0;
            continue;
        }
        sixteen_sums bytes;
        UNROLLED for (int p = 0; p < PARTS; p++) bytes.part[p] = 0;
        for (size_t j = 0; j < row; j += 16) {
            UNROLLED for (int p = 0; p < PARTS; p++) {
                const size_t at = (size_t)r * row + j + (size_t)(p * LANES);
                vf v = v_load(scores + at) / total[r] * v_set(p_inverse_scale);
                vi q = v_round(v_min(v, v_set(255)));
                bytes.part[p] += q;
                typedef left_value narrow __attribute__((ext_vector_type(LANES)));
                narrow n = __builtin_convertvector(q, narrow);
                memcpy(out + at, &n, sizeof n);
            }
        }
        if (GROUP != 4) continue;
        FOLD(vi, bytes, count, ADD);
        sums[r] = count[0];
    }
}

/// O of `rows` queries.
INLINE void mix(const int rows, const deixis_attention_s8_args *args, const workspace *w, size_t first, size_t valid,
    const int32_t *p_offset) {
    const size_t groups = groups_of(args->keys);
    for (size_t c = 0; c < args->value_head; c += 16) {
        sixteen_sums sums[ROWS];
        product(rows, w->p, (ptrdiff_t)w->row, w->v + c / 16 * groups * UNIT, groups, sums);
        for (size_t r = 0; r < valid; r++) {
            UNROLLED for (int p = 0; p < PARTS; p++) {
                const size_t at = c + (size_t)(p * LANES), n = exact_valid(at, args->value_head);
                if (n == 0) break;
                vi s = sums[r].part[p];
                if (GROUP == 4) s = s + (vi)(p_offset[r]);
                vf v = __builtin_convertvector(s, vf) * v_set(args->o_multiplier);
                const ptrdiff_t to = (ptrdiff_t)(first + r) * args->o_row + (ptrdiff_t)at;
                if (args->output_type == DEIXIS_S8_U8)
                    exact_store_u8((uint8_t *)args->o + to, v, args->inverse_scale, args->zero, n);
                else exact_store((float *)args->o + to, v, n);
            }
        }
    }
}

INLINE vf rounded(vf x, const deixis_attention_s8_rounding *r) {
    return r->scale == 0 ? x : exact_around(x, r->inverse, r->zero, r->scale);
}

/// Scores without bias to S of `rounds`, and the largest of each row. Beyond the last key they stay -infinity.
__attribute__((noinline)) static void VARIANT_NAME(around)(
    const deixis_attention_s8_args *args, const workspace *w, size_t first, size_t valid, sixteen *high) {
    for (size_t r = 0; r < valid; r++) {
        const float *bias = args->bias ? args->bias + (ptrdiff_t)(first + r) * args->bias_query : NULL;
        for (int p = 0; p < PARTS; p++) high[r].part[p] = v_set(-INFINITY);
        for (size_t j = 0; j < args->keys; j += LANES) {
            const size_t n = exact_valid(j, args->keys);
            float *at = w->scores + r * w->row + j;
            vf v = rounded(rounded(v_load(at), &args->product) * v_set(args->factor), &args->scaled);
            if (bias) v = v + exact_load(bias + j, n);
            exact_store(at, rounded(v, &args->biased), n);
            high[r].part[j / LANES % PARTS] = v_max(v_load(at), high[r].part[j / LANES % PARTS]);
        }
    }
}

/// Blocks of four and of eight rows share it.
__attribute__((noinline)) static void VARIANT_NAME(softmax_4)(
    const workspace *w, size_t first, const sixteen *high, float p_inverse_scale, int32_t *sums) {
    softmax(ROWS < 4 ? ROWS : 4, w, first, high, p_inverse_scale, sums);
}

/// One copy per number of rows: a product of few rows costs less than one of ROWS.
#define BLOCK(rows) \
    static void VARIANT_NAME(block_##rows)(const deixis_attention_s8_args *args, const workspace *w, size_t first, \
        size_t valid, const int32_t *q_offset) { \
        sixteen high[ROWS]; \
        int32_t p_offset[ROWS] = {0}; \
        const bool own = args->bias && args->bias_query && !args->rounds; \
        score(rows, args, w, q_offset, own ? w->scores : w->bias, own ? w->row : 0, high); \
        if (args->rounds) VARIANT_NAME(around)(args, w, first, valid, high); \
        if (rows < 4) \
            softmax(rows, w, 0, high, args->p_inverse_scale, p_offset); \
        else \
            for (int r = 0; r < rows; r += 4) \
                VARIANT_NAME(softmax_4)(w, (size_t)r, high + r, args->p_inverse_scale, p_offset + r); \
        for (int r = 0; r < rows; r++) p_offset[r] *= ATTENTION_FLIP - args->v_zero; \
        mix(rows, args, w, first, valid, p_offset); \
    }
BLOCK(1)
BLOCK(2)
#if ATTENTION_ROWS > 2
BLOCK(4)
#endif
#if ATTENTION_ROWS > 4
BLOCK(8)
#endif

/// Queries as the left side, and their part of what the zero points add.
static void VARIANT_NAME(take_queries)(
    const deixis_attention_s8_args *args, workspace *w, size_t first, size_t valid, int32_t *q_offset) {
    // Bytes are read in place where rows end with a word and all rows are there.
    const bool in_place = GROUP == 4 && args->head % 4 == 0 && valid == ROWS;
    w->q = in_place ? (const void *)(args->q + (ptrdiff_t)first * args->q_row) : w->copy;
    w->q_row = in_place ? args->q_row : (ptrdiff_t)w->copy_row;
    for (size_t r = 0; r < valid; r++) {
        const uint8_t *q = args->q + (ptrdiff_t)(first + r) * args->q_row;
        if (!in_place) {
            left_value *to = w->copy + r * w->copy_row;
            for (size_t c = 0; c < args->head; c++) to[c] = (left_value)(GROUP == 4 ? q[c] : q[c] - args->q_zero);
            for (size_t c = args->head; c < w->copy_row; c++) to[c] = 0;
        }
        int32_t sum = 0;
        if (GROUP == 4) for (size_t c = 0; c < args->head; c++) sum += q[c];
        q_offset[r] = (ATTENTION_FLIP - args->k_zero) * sum;
        if (!args->bias || !args->bias_query || args->rounds) continue;
        float *bias = w->scores + r * w->row;
        memcpy(bias, args->bias + (ptrdiff_t)(first + r) * args->bias_query, args->keys * 4);
        for (size_t j = args->keys; j < w->row; j++) bias[j] = -INFINITY;
    }
}

static void VARIANT_NAME(take_keys)(const deixis_attention_s8_args *args, const workspace *w) {
    VARIANT_NAME(pack_rows)(args->k, args->k_row, args->keys, args->head, args->k_zero, w->k);
    VARIANT_NAME(pack_columns)(args->v, args->v_row, args->value_head, args->keys, args->v_zero, w->v);
    for (size_t j = 0; j < w->row; j++) w->bias[j] = j < args->keys ? 0 : -INFINITY;
    if (args->bias && !args->bias_query && !args->rounds) memcpy(w->bias, args->bias, args->keys * 4);
#if ATTENTION_GROUP == 4
    // sum of (q - q_zero)(k - k_zero) = sum of q k' - k'_zero sum of q - q_zero sum of k' + head q_zero k'_zero; the
    // packed k' are k - FLIP.
    const left_value ones[4] = {1, 1, 1, 1};
    const size_t groups = groups_of(args->head);
    for (size_t j = 0; j < w->row; j += 16) {
        sixteen_sums sum;
        UNROLLED for (int p = 0; p < PARTS; p++) sum.part[p] = 0;
        uint32_t word;
        memcpy(&word, ones, 4);
        for (size_t g = 0; g < groups; g++) {
            UNROLLED for (int p = 0; p < PARTS; p++) sum.part[p] =
                attention_dot(sum.part[p], word, w->k + (j / 16 * groups + g) * UNIT + p * LANES * 4);
        }
        UNROLLED for (int p = 0; p < PARTS; p++) {
            vi offset = (vi)((int32_t)args->head * args->q_zero * (args->k_zero - ATTENTION_FLIP)) -
                (vi)(args->q_zero) * sum.part[p];
            memcpy(w->k_offset + j + p * LANES, &offset, sizeof offset);
        }
    }
#endif
}

void VARIANT_NAME(deixis_attention_s8)(const deixis_attention_s8_args *given, size_t begin, size_t end, void *scratch) {
    // A copy that no store can change, so that its fields stay in registers.
    const deixis_attention_s8_args copy = *given, *args = &copy;
    workspace w;
    carve(&w, scratch, args->keys, args->head, args->value_head);
    if (begin == end) return;
    VARIANT_NAME(take_keys)(args, &w);
    for (size_t i = begin; i < end; i += ROWS) {
        const size_t valid = end - i < ROWS ? end - i : ROWS;
        int32_t q_offset[ROWS] = {0};
        // Rows beyond `valid` that a block works on hold what an earlier one left, or zeros.
        if (i == begin) {
            memset(w.copy, 0, ROWS * w.copy_row * sizeof *w.copy);
            memset(w.p, 0, ROWS * w.row * sizeof *w.p);
            memset(w.scores, 0, ROWS * w.row * sizeof *w.scores);
        }
        VARIANT_NAME(take_queries)(args, &w, i, valid, q_offset);
        if (valid == 1) VARIANT_NAME(block_1)(args, &w, i, valid, q_offset);
        else if (valid == 2) VARIANT_NAME(block_2)(args, &w, i, valid, q_offset);
#if ATTENTION_ROWS > 2
        else if (valid <= 4) VARIANT_NAME(block_4)(args, &w, i, valid, q_offset);
#endif
#if ATTENTION_ROWS > 4
        else VARIANT_NAME(block_8)(args, &w, i, valid, q_offset);
#endif
    }
}
