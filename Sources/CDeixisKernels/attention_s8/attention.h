// What the variants share: where things lie in the scratch, and the two products by gemm_s8.
#pragma once

#include "deixis/attention_s8.h"

enum { ATTENTION_BLOCK = 48 };

/// Heads deeper than this could make sums that float32 does not hold exactly: the reference does them.
enum { ATTENTION_MAX_HEAD = 256 };

typedef struct attention_scratch {
    int8_t *k, *v;              // packed for gemm_s8
    int8_t *flipped;            // a head's K or V as int8: q - 128
    int32_t *k_offset, *v_offset;
    float *ones;                // multipliers of 1
    float *scores;              // [block][keys rounded up to 16]
    uint8_t *p;                 // [block][keys rounded up to 16]
    float *mixed;               // [block][value_head]
} attention_scratch;

size_t deixis_attention_s8_scratch(size_t keys, size_t head, size_t value_head);
attention_scratch deixis_attention_s8_layout(void *scratch, size_t keys, size_t head, size_t value_head);
/// Packs the head's K and V for `gemm`, with the columns' part of the zero points.
void deixis_attention_s8_pack(const deixis_gemm_s8 *gemm, const deixis_attention_s8_args *args, const attention_scratch *s);
/// scores[i][j] = float of sum over c of Q (K - k_zero) - q_zero's part, for rows [begin, end): what is missing is the rows' part of k_zero.
void deixis_attention_s8_scores(const deixis_gemm_s8 *gemm, const deixis_attention_s8_args *args, const attention_scratch *s, size_t begin, size_t end);
/// mixed[i][c] = float of sum over j of P (V - 128).
void deixis_attention_s8_mix(const deixis_gemm_s8 *gemm, const deixis_attention_s8_args *args, const attention_scratch *s, size_t rows);

static inline size_t attention_row(size_t keys) { return (keys + 15) / 16 * 16; }
