#include "common/scalar.h"

#include "common/exact.h"
#include "deixis/attention_s8.h"

#include <math.h>

/// Scores of one query, and its P.
size_t deixis_attention_s8_scratch_reference(size_t keys, size_t head, size_t value_head) {
    (void)head;
    (void)value_head;
    return 5 * keys;
}

/// Sixteen sums by j % 16, then i with i + 8, 4, 2, 1.
static float total(const float *e, size_t keys) {
    float lane[16] = {0};
    for (size_t j = 0; j < keys; j++) lane[j % 16] += e[j];
    for (int width = 8; width > 0; width /= 2) {
        for (int i = 0; i < width; i++) lane[i] += lane[i + width];
    }
    return lane[0];
}

static float rounded(float x, const deixis_attention_s8_rounding *r) {
    return r->scale == 0 ? x : exact_around(v_set(x), r->inverse, r->zero, r->scale)[0];
}

void deixis_attention_s8_reference(const deixis_attention_s8_args *args, size_t begin, size_t end, void *scratch) {
    const size_t keys = args->keys;
    float *e = scratch;
    uint8_t *p = (uint8_t *)(e + keys);
    for (ptrdiff_t i = (ptrdiff_t)begin; i < (ptrdiff_t)end; i++) {
        const uint8_t *q = args->q + i * args->q_row;
        float top = -INFINITY;
        for (size_t j = 0; j < keys; j++) {
            const uint8_t *k = args->k + (ptrdiff_t)j * args->k_row;
            int32_t sum = 0;
            for (size_t c = 0; c < args->head; c++) sum += (q[c] - args->q_zero) * (k[c] - args->k_zero);
            e[j] = (float)sum * args->scale;
            if (args->rounds) e[j] = rounded(rounded(e[j], &args->product) * args->factor, &args->scaled);
            if (args->bias) e[j] = e[j] + args->bias[i * args->bias_query + (ptrdiff_t)j];
            if (args->rounds) e[j] = rounded(e[j], &args->biased);
            top = e[j] > top ? e[j] : top;
        }
        for (size_t j = 0; j < keys; j++) e[j] = v_exp(v_set(e[j] - top))[0];
        const float t = total(e, keys);
        for (size_t j = 0; j < keys; j++) {
            float share = e[j] / t;
            exact_store_u8(p + j, v_set(share), args->p_inverse_scale, 0, 1);
        }
        for (size_t c = 0; c < args->value_head; c++) {
            int32_t sum = 0;
            for (size_t j = 0; j < keys; j++)
                sum += p[j] * (args->v[(ptrdiff_t)j * args->v_row + (ptrdiff_t)c] - args->v_zero);
            vf v = v_set((float)sum * args->o_multiplier);
            const ptrdiff_t at = i * args->o_row + (ptrdiff_t)c;
            if (args->output_type == DEIXIS_S8_U8)
                exact_store_u8((uint8_t *)args->o + at, v, args->inverse_scale, args->zero, 1);
            else ((float *)args->o)[at] = v[0];
        }
    }
}

#include "common/end.h"
