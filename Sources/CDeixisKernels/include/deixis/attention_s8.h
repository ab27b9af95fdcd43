// Quantized scaled dot-product attention of one head, heads read in place as slices of uint8 [length, channels]
// matrices.
//
//     s[i, j] = sum over c of (Q[i, c] - q_zero)(K[j, c] - k_zero)                    exact
//     S[i, j] = (float)s scale + bias[i, j]                                            scale: of scores, times those of Q and K
//     e[i, j] = exp(S[i, j] - max over j of S), by common/exact.h;  t = sum over j of e, in sixteen lanes by j % 16 as in layernorm_u8.h
//     P[i, j] = min(round((e / t) p_inverse_scale), 255)                               uint8, zero point 0, scale p_scale
//     o[i, c] = sum over j of P[i, j] (V[j, c] - v_zero)                               exact
//     O[i, c] = quantized (float)o o_multiplier, or float32                            o_multiplier = p_scale v_scale
// Where scores are stored between operations (onnxruntime's files), `rounds`:  S = r2(r1(r0((float)s scale) factor) +
// bias),
//     r(x) = min(max(round(x inverse), -zero), 255 - zero) scale, or x where scale is 0
// No float operation is fused: every variant gives the reference's bits. A query whose bias is -infinity for every key
// gives P = 0; so does one with a NaN or +infinity among its biases. The other floats are finite. At least one key;
// keys < 2^16, head < 2^15.
#pragma once

#include "gemm_s8.h"

typedef struct deixis_attention_s8_rounding {
    float scale, inverse;       // 0: none
    int32_t zero;
} deixis_attention_s8_rounding;

typedef struct deixis_attention_s8_args {
    size_t queries, keys;
    size_t head, value_head;    // channels of Q and K, of V and O, in one head
    const uint8_t *q, *k, *v;   // row i starts at q + i * q_row
    ptrdiff_t q_row, k_row, v_row;
    int32_t q_zero, k_zero, v_zero;
    float scale;
    const float *bias;          // bias[i * bias_query + j], or null
    ptrdiff_t bias_query;       // 0: one bias per key for all queries
    float p_inverse_scale;
    void *o;
    ptrdiff_t o_row;
    int32_t output_type;        // DEIXIS_S8_U8 or _F32
    float o_multiplier;
    float inverse_scale;
    int32_t zero;
    int32_t rounds;             // 0: the fields below are not looked at
    float factor;
    deixis_attention_s8_rounding product, scaled, biased;
} deixis_attention_s8_args;

typedef struct deixis_attention_s8 {
    const char *name;
    uint32_t isa;
    uint32_t block;             // queries handled together
    /// Bytes of scratch per thread, 64-byte aligned: K and V of the head rearranged, and a block's scores.
    size_t (*scratch)(size_t keys, size_t head, size_t value_head);
    /// Queries [begin, end) of one head. Ranges that do not overlap may run at once, each with its own scratch.
    void (*run)(const deixis_attention_s8_args *args, size_t begin, size_t end, void *scratch);
} deixis_attention_s8;

const deixis_attention_s8 *deixis_attention_s8_variants(size_t *count);
const deixis_attention_s8 *deixis_attention_s8_select(uint32_t isa);
