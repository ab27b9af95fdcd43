#include "attention_s8/attention.h"

#include <math.h>
#include <string.h>

static size_t up(size_t size) { return (size + 63) / 64 * 64; }
static size_t larger(size_t a, size_t b) { return a > b ? a : b; }

/// No variant's panel is wider than 64 columns, or has more than four bytes a column beside B.
static size_t packed(size_t k, size_t n) { return ((k + 3) / 4 * 4 + 4) * ((n + 63) / 64 * 64); }

size_t deixis_attention_s8_scratch(size_t keys, size_t head, size_t value_head) {
    return up(packed(head, keys)) + up(packed(keys, value_head)) + up(keys * larger(head, value_head)) + up(4 * keys) + up(4 * value_head)
        + up(4 * larger(keys, value_head)) + up(4 * ATTENTION_BLOCK * attention_row(keys)) + up(ATTENTION_BLOCK * attention_row(keys))
        + up(4 * ATTENTION_BLOCK * value_head);
}

attention_scratch deixis_attention_s8_layout(void *scratch, size_t keys, size_t head, size_t value_head) {
    char *at = scratch;
    attention_scratch s;
#define TAKE(field, size) s.field = (void *)at; at += up(size)
    TAKE(k, packed(head, keys));
    TAKE(v, packed(keys, value_head));
    TAKE(flipped, keys * larger(head, value_head));
    TAKE(k_offset, 4 * keys);
    TAKE(v_offset, 4 * value_head);
    TAKE(ones, 4 * larger(keys, value_head));
    TAKE(scores, 4 * ATTENTION_BLOCK * attention_row(keys));
    TAKE(p, ATTENTION_BLOCK * attention_row(keys));
    TAKE(mixed, 4 * ATTENTION_BLOCK * value_head);
#undef TAKE
    return s;
}

/// to[i][c] = from[i][c] - 128
static void flip(const uint8_t *from, ptrdiff_t row, size_t rows, size_t columns, int8_t *to) {
    for (size_t i = 0; i < rows; i++, from += row, to += columns) {
        for (size_t c = 0; c < columns; c++) to[c] = (int8_t)(from[c] ^ 0x80);
    }
}

void deixis_attention_s8_pack(const deixis_gemm_s8 *gemm, const deixis_attention_s8_args *args, const attention_scratch *s) {
    const size_t keys = args->keys, head = args->head, value_head = args->value_head;
    flip(args->k, args->k_row, keys, head, s->flipped);
    for (size_t j = 0; j < keys; j++) {
        int32_t sum = 0;
        for (size_t c = 0; c < head; c++) sum += s->flipped[j * head + c];
        s->k_offset[j] = -args->q_zero * sum + (int32_t)head * args->q_zero * (args->k_zero - 128);
    }
    deixis_gemm_s8_pack(gemm, s->flipped, 1, (ptrdiff_t)head, head, keys, 0, deixis_gemm_s8_panels(gemm, keys), s->k);
    flip(args->v, args->v_row, keys, value_head, s->flipped);
    deixis_gemm_s8_pack(gemm, s->flipped, (ptrdiff_t)value_head, 1, keys, value_head, 0, deixis_gemm_s8_panels(gemm, value_head), s->v);
    memset(s->v_offset, 0, 4 * value_head);
    for (size_t i = 0; i < larger(keys, value_head); i++) s->ones[i] = 1;
}

static const deixis_requantize plain = {.low = -INFINITY, .high = INFINITY, .output_type = DEIXIS_S8_F32, .inverse_scale = 1};

void deixis_attention_s8_scores(const deixis_gemm_s8 *gemm, const deixis_attention_s8_args *args, const attention_scratch *s, size_t begin, size_t end) {
    deixis_gemm_s8_args product = {.m = end - begin, .n = args->keys, .k = args->head, .a = args->q + (ptrdiff_t)begin * args->q_row, .lda = args->q_row,
                                   .b = s->k, .c = s->scores, .ldc = (ptrdiff_t)attention_row(args->keys), .requantize = plain};
    product.requantize.offset = s->k_offset;
    product.requantize.multiplier = s->ones;
    deixis_gemm_s8_run(gemm, &product, 0, product.m, 0, product.n);
}

void deixis_attention_s8_mix(const deixis_gemm_s8 *gemm, const deixis_attention_s8_args *args, const attention_scratch *s, size_t rows) {
    deixis_gemm_s8_args product = {.m = rows, .n = args->value_head, .k = args->keys, .a = s->p, .lda = (ptrdiff_t)attention_row(args->keys), .b = s->v,
                                   .c = s->mixed, .ldc = (ptrdiff_t)args->value_head, .requantize = plain};
    product.requantize.offset = s->v_offset;
    product.requantize.multiplier = s->ones;
    deixis_gemm_s8_run(gemm, &product, 0, rows, 0, product.n);
}
