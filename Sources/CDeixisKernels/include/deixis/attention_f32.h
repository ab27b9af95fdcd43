// Scaled dot-product attention of one head, heads read in place as slices of [length, channels] matrices.
//
//     S[i, j] = scale sum over c of Q[i, c] K[j, c] + bias[i, j];   O[i, :] = sum over j of softmax(S[i, :])_j V[j, :]
// Queries go in blocks; scores of a block are kept transposed, [keys][queries of the block], so that softmax runs over
// vectors of queries, K and V are read in place and only the block of Q is packed. A query whose bias is -infinity for
// every key gives NaN, as softmax does.
// |O - exact| <= 2^-23 (head + keys) max |V| for scores up to about 30. At least one key.
#pragma once

#include "caches.h"

#include <stddef.h>
#include <stdint.h>

typedef struct deixis_attention_f32_args {
    size_t queries, keys;
    size_t head;                // channels of Q and K in one head
    size_t value_head;          // channels of V and O in one head
    const float *q, *k, *v;     // row i starts at q + i * q_row
    ptrdiff_t q_row, k_row, v_row;
    float *o;
    ptrdiff_t o_row;
    float scale;
    const float *bias;          // added to the scores, or null: bias[i * bias_query + j]
    ptrdiff_t bias_query;       // 0: one bias per key for all queries (a key mask)
    deixis_caches caches;
} deixis_attention_f32_args;

typedef struct deixis_attention_f32 {
    const char *name;
    uint32_t isa;
    uint32_t block;             // queries that are handled together; ranges that start at multiples of it waste nothing
    /// Floats of scratch per thread.
    size_t (*scratch)(size_t keys, size_t head, size_t value_head);
    /// Queries [begin, end) of one head. Ranges that do not overlap may run at once.
    void (*run)(const deixis_attention_f32_args *args, size_t begin, size_t end, float *scratch);
} deixis_attention_f32;

const deixis_attention_f32 *deixis_attention_f32_variants(size_t *count);
const deixis_attention_f32 *deixis_attention_f32_select(uint32_t isa);
