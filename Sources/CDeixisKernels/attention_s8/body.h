// Softmax and the ends of both products, once for all instruction sets. GEMM_ISA names the products' variant.

#include "attention_s8/attention.h"
#include "deixis/isa.h"

#include "common/exact.h"

/// One row of scores [keys] -> bytes p[keys, zeros up to a multiple of 16]. Returns the sum of the bytes.
static int32_t VARIANT_NAME(softmax_row)(const deixis_attention_s8_args *args, float *scores, float row, const float *bias, uint8_t *p) {
    const size_t keys = args->keys;
    vf high = v_set(-__builtin_inff());
    for (size_t j = 0; j < keys; j += LANES) {
        const size_t n = exact_valid(j, keys);
        vf v = (v_load(scores + j) - v_set(row)) * v_set(args->scale);
        if (bias) v = v + exact_load(bias + j, n);
        if (n < LANES) {
            v_store_n(scores + j, v, n);
            for (size_t i = n; i < LANES; i++) scores[j + i] = -__builtin_inff();
            v = v_load(scores + j);
        } else {
            v_store(scores + j, v);
        }
        high = v_max(high, v);
    }
    const float top = exact_highest(high);
    const size_t row_end = attention_row(keys);
    if (top == -__builtin_inff()) {
        for (size_t j = 0; j < row_end; j++) p[j] = 0;
        return 0;
    }
    vf sum[EXACT_PARTS];
    for (int part = 0; part < EXACT_PARTS; part++) sum[part] = v_set(0);
    for (size_t j = 0; j < row_end; j += EXACT_LANES) {
        for (int part = 0; part < EXACT_PARTS; part++) {
            const size_t at = j + (size_t)part * LANES, n = exact_valid(at, keys);
            vf e = n == 0 ? v_set(0) : exact_keep(v_exp(v_load(scores + at) - v_set(top)), n);
            v_store(scores + at, e);
            sum[part] = sum[part] + e;
        }
    }
    const vf total = v_set(exact_fold(sum)), inverse = v_set(args->p_inverse_scale);
    vi bytes = 0;
    for (size_t j = 0; j < row_end; j += LANES) {
        vi q = v_round(v_min(v_load(scores + j) / total * inverse, v_set(255)));
        bytes += q;
        v_bytes b = __builtin_convertvector(q, v_bytes);
        __builtin_memcpy(p + j, &b, LANES);
    }
    int32_t count = 0;
    for (int i = 0; i < LANES; i++) count += bytes[i];
    return count;
}

void VARIANT_NAME(deixis_attention_s8)(const deixis_attention_s8_args *args, size_t begin, size_t end, void *scratch) {
    if (args->head > ATTENTION_MAX_HEAD) {
        extern void deixis_attention_s8_reference(const deixis_attention_s8_args *, size_t, size_t, void *);
        deixis_attention_s8_reference(args, begin, end, scratch);
        return;
    }
    const attention_scratch s = deixis_attention_s8_layout(scratch, args->keys, args->head, args->value_head);
    const deixis_gemm_s8 *gemm = deixis_gemm_s8_select(GEMM_ISA, 0);
    deixis_attention_s8_pack(gemm, args, &s);
    const size_t row = attention_row(args->keys);
    for (size_t i = begin; i < end; i += ATTENTION_BLOCK) {
        const size_t rows = end - i < ATTENTION_BLOCK ? end - i : ATTENTION_BLOCK;
        deixis_attention_s8_scores(gemm, args, &s, i, i + rows);
        float rest[ATTENTION_BLOCK];
        for (size_t r = 0; r < rows; r++) {
            const uint8_t *q = args->q + (ptrdiff_t)(i + r) * args->q_row;
            int32_t sum = 0;
            for (size_t c = 0; c < args->head; c++) sum += q[c];
            const float *bias = args->bias ? args->bias + (ptrdiff_t)(i + r) * args->bias_query : NULL;
            int32_t bytes = VARIANT_NAME(softmax_row)(args, s.scores + r * row, (float)(sum * (args->k_zero - 128)), bias, s.p + r * row);
            rest[r] = (float)(bytes * (args->v_zero - 128));
        }
        deixis_attention_s8_mix(gemm, args, &s, rows);
        for (size_t r = 0; r < rows; r++) {
            const float *mixed = s.mixed + r * args->value_head;
            const ptrdiff_t at = (ptrdiff_t)(i + r) * args->o_row;
            for (size_t c = 0; c < args->value_head; c += LANES) {
                const size_t n = exact_valid(c, args->value_head);
                vf v = (exact_load(mixed + c, n) - v_set(rest[r])) * v_set(args->o_multiplier);
                if (args->output_type == DEIXIS_S8_U8) exact_store_u8((uint8_t *)args->o + at + (ptrdiff_t)c, v, args->inverse_scale, args->zero, n);
                else exact_store((float *)args->o + at + (ptrdiff_t)c, v, n);
            }
        }
    }
}
