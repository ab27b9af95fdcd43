#include "check.h"

CHECK_FAMILY(attention_f32)

static void attention(check *c, const deixis_attention_f32 *kernel, const deixis_attention_f32 *reference,
    size_t queries, size_t keys, size_t head, size_t value_head, int round) {
    // Heads are slices of wider rows.
    size_t q_row = head + check_random(c) % 5, k_row = head + check_random(c) % 5,
           v_row = value_head + check_random(c) % 5, o_row = value_head + check_random(c) % 5;
    buffer q = check_floats(c, (queries - 1) * q_row + head, -3, 3),
           k = check_floats(c, (keys - 1) * k_row + head, -3, 3),
           v = check_floats(c, (keys - 1) * v_row + value_head, -2, 2);
    buffer o = check_bytes(c, ((queries - 1) * o_row + value_head) * 4), want = check_bytes(c, o.size);
    size_t bias_query = round % 3 == 2 ? keys + 1 : 0;
    buffer bias = check_floats(c, bias_query ? (queries - 1) * bias_query + keys : keys, -1, 1);
    // Masked keys; the first stays.
    for (size_t j = 1; j < keys; j += 3) floats(bias)[j] = -INFINITY;
    if (round % 19 == 18) for (size_t j = 0; j < keys; j++) floats(bias)[j] = -INFINITY;
    if (round % 17 == 16) floats(k)[check_random(c) % head] = NAN;
    deixis_attention_f32_args args = {queries, keys, head, value_head, floats(q), floats(k), floats(v),
        (ptrdiff_t)q_row, (ptrdiff_t)k_row, (ptrdiff_t)v_row, floats(want), (ptrdiff_t)o_row, 1 / sqrtf((float)head),
        round % 3 ? floats(bias) : NULL, (ptrdiff_t)bias_query, check_caches(c)};
    buffer scratch = check_bytes(c, kernel->scratch(keys, head, value_head) * 4),
           other = check_bytes(c, reference->scratch(keys, head, value_head) * 4);
    reference->run(&args, 0, queries, floats(other));
    args.o = floats(o);
    size_t split = round % 2 ? check_random(c) % (queries + 1) : queries / kernel->block * kernel->block;
    kernel->run(&args, 0, split, floats(scratch));
    kernel->run(&args, split, queries, floats(scratch));
    for (size_t i = 0; i < queries; i++) {
        for (size_t j = 0; j < value_head; j++) {
            check_close(c, floats(o)[i * o_row + j], floats(want)[i * o_row + j], 0x1p-23 * (double)(head + keys) * 2,
                "attention", i * value_head + j);
        }
    }
    buffer *all[] = {&q, &k, &v, &o, &want, &bias, &scratch, &other};
    for (int i = 0; i < 8; i++) check_release(c, all[i], "attention");
}

static void verify(check *c, const deixis_attention_f32 *kernel, const deixis_attention_f32 *reference) {
    static const size_t lengths[] = {1, 2, 5, 8, 15, 16, 17, 40, 64, 65, 100},
                        heads[] = {1, 7, 8, 16, 20, 32, 64, 96, 80};
    for (int round = 0; round < 120 && !c->failed; round++) {
        size_t head = check_pick(c, 9, heads);
        attention(c, kernel, reference, check_pick(c, 11, lengths), check_pick(c, 11, lengths), head,
            round % 4 ? head : check_pick(c, 9, heads), round);
    }
    attention(c, kernel, reference, 3, 1024, 32, 32, 1);
    attention(c, kernel, reference, 70, 900, 96, 96, 0);
    attention(c, kernel, reference, 2, 4096, 8, 8, 0);
}
