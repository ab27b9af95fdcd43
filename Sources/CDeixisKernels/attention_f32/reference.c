#include "deixis/attention_f32.h"

#include <math.h>
#include <string.h>

/// Scores of one query, in double precision.
size_t deixis_attention_f32_scratch_reference(size_t keys, size_t head, size_t value_head) {
    (void)head;
    (void)value_head;
    return 2 * keys + 2;
}

void deixis_attention_f32_reference(const deixis_attention_f32_args *args, size_t begin, size_t end, float *scratch) {
    // Scratch need not be aligned for double.
    for (ptrdiff_t i = (ptrdiff_t)begin; i < (ptrdiff_t)end; i++) {
        double max = -INFINITY, sum = 0;
        for (size_t j = 0; j < args->keys; j++) {
            const float *q = args->q + i * args->q_row, *k = args->k + (ptrdiff_t)j * args->k_row;
            double dot = 0;
            for (size_t c = 0; c < args->head; c++) dot += (double)q[c] * k[c];
            dot *= args->scale;
            if (args->bias) dot += args->bias[i * args->bias_query + (ptrdiff_t)j];
            memcpy(scratch + 2 * j, &dot, sizeof dot);
            if (dot > max || dot != dot) max = dot;
        }
        for (size_t j = 0; j < args->keys; j++) {
            double p;
            memcpy(&p, scratch + 2 * j, sizeof p);
            p = exp(p - max);
            sum += p;
            memcpy(scratch + 2 * j, &p, sizeof p);
        }
        for (size_t c = 0; c < args->value_head; c++) {
            double o = 0;
            for (size_t j = 0; j < args->keys; j++) {
                double p;
                memcpy(&p, scratch + 2 * j, sizeof p);
                o += p * args->v[(ptrdiff_t)j * args->v_row + (ptrdiff_t)c];
            }
            args->o[i * args->o_row + (ptrdiff_t)c] = (float)(o / sum);
        }
    }
}
