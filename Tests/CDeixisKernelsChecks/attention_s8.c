#include "check.h"

CHECK_FAMILY(attention_s8)

static buffer bytes(check *c, size_t count, uint32_t low, uint32_t range) {
    buffer b = check_bytes(c, count);
    for (size_t i = 0; i < count; i++) b.data[i] = (char)(low + check_random(c) % range);
    return b;
}

/// The exact output, in double precision, without quantizing P: off by half a step of P per key that weighs anything.
static void exact(check *c, const deixis_attention_s8_args *a, const float *o) {
    double *s = calloc(a->keys, sizeof *s);
    for (size_t i = 0; i < a->queries; i++) {
        double top = -INFINITY, t = 0;
        for (size_t j = 0; j < a->keys; j++) {
            double dot = 0;
            for (size_t k = 0; k < a->head; k++)
                dot += (double)(a->q[(ptrdiff_t)i * a->q_row + (ptrdiff_t)k] - a->q_zero) *
                    (a->k[(ptrdiff_t)j * a->k_row + (ptrdiff_t)k] - a->k_zero);
            s[j] = dot * a->scale + (a->bias ? a->bias[(ptrdiff_t)i * a->bias_query + (ptrdiff_t)j] : 0);
            top = fmax(top, s[j]);
        }
        for (size_t j = 0; j < a->keys; j++) t += exp(s[j] - top);
        for (size_t k = 0; k < a->value_head; k++) {
            double out = 0, slack = 0;
            for (size_t j = 0; j < a->keys && top > -INFINITY; j++) {
                double p = fmin(exp(s[j] - top) / t * a->p_inverse_scale, 255),
                       v = a->v[(ptrdiff_t)j * a->v_row + (ptrdiff_t)k] - a->v_zero;
                out += p * v;
                if (p > 0.4) slack += (0.5 + 0.002 * p) * fabs(v);
                else slack += p * fabs(v);
            }
            check_close(c, o[i * a->value_head + k], out * a->o_multiplier, (slack + 1e-3) * a->o_multiplier,
                "attention, exact", i * a->value_head + k);
        }
    }
    free(s);
}

static void attention(check *c, const deixis_attention_s8 *kernel, const deixis_attention_s8 *reference, size_t queries,
    size_t keys, size_t head, size_t value_head, int round) {
    // Heads are slices of wider rows.
    const size_t q_row = head + check_random(c) % 5, k_row = head + check_random(c) % 5,
                 v_row = value_head + check_random(c) % 5, o_row = value_head + check_random(c) % 5;
    const uint32_t low = round % 4 ? 0 : 255, range = round % 4 ? 256 : 1;
    buffer q = bytes(c, (queries - 1) * q_row + head, low, range), k = bytes(c, (keys - 1) * k_row + head, low, range),
           v = bytes(c, (keys - 1) * v_row + value_head, low, range);
    const bool real = round % 2;
    buffer o = check_bytes(c, ((queries - 1) * o_row + value_head) * (real ? 4 : 1)), want = check_bytes(c, o.size),
           plain = check_bytes(c, queries * value_head * 4);
    const size_t bias_query = round % 3 == 2 ? keys + 1 : 0;
    buffer bias = check_floats(c, bias_query ? (queries - 1) * bias_query + keys : keys, -1, 1);
    // Masked keys; the first stays.
    for (size_t j = 1; j < keys; j += 3) floats(bias)[j] = -INFINITY;
    if (round % 19 == 18) for (size_t j = 0; j < keys; j++) floats(bias)[j] = -INFINITY;
    const bool nan = round % 17 == 16;
    if (nan) floats(bias)[check_random(c) % keys] = round % 2 ? NAN : INFINITY;
    const float step = round % 5 == 4 ? 0.0003f : 0.02f;
    const int32_t zeros[] = {0, 255, 128, (int32_t)(check_random(c) % 256)};
    deixis_attention_s8_args args = {.queries = queries,
        .keys = keys,
        .head = head,
        .value_head = value_head,
        .q = (uint8_t *)q.data,
        .k = (uint8_t *)k.data,
        .v = (uint8_t *)v.data,
        .q_row = (ptrdiff_t)q_row,
        .k_row = (ptrdiff_t)k_row,
        .v_row = (ptrdiff_t)v_row,
        .q_zero = zeros[check_random(c) % 4],
        .k_zero = zeros[check_random(c) % 4],
        .v_zero = zeros[check_random(c) % 4],
        .scale = step * step / sqrtf((float)head),
        .bias = round % 7 ? floats(bias) : NULL,
        .bias_query = (ptrdiff_t)bias_query,
        .p_inverse_scale = round % 6 == 5 ? check_uniform(c, 255, 1e6f) : 255,
        .o = plain.data,
        .o_row = (ptrdiff_t)value_head,
        .output_type = DEIXIS_S8_F32,
        .o_multiplier = 0.013f / 255,
        .inverse_scale = 17,
        .zero = (int32_t)(check_random(c) % 256)};
    if (round % 5 == 3) {
        // Steps of some 1/40 of the scores; one of the three is left out at times, and the bias's may swallow them.
        args.rounds = 1;
        args.factor = 0.125f;
        args.scale *= 8;
        args.product = (deixis_attention_s8_rounding){0.2f, 5, zeros[check_random(c) % 4]};
        if (round % 2) args.scaled = (deixis_attention_s8_rounding){0.025f, 40, zeros[check_random(c) % 4]};
        if (round % 3) args.biased = (deixis_attention_s8_rounding){0.03f, 1 / 0.03f, zeros[check_random(c) % 4]};
    }
    buffer scratch = check_bytes(c, kernel->scratch(keys, head, value_head) + 63),
           other = check_bytes(c, reference->scratch(keys, head, value_head) + 63);
    void *aligned = (void *)(((uintptr_t)scratch.data + 63) & ~(uintptr_t)63),
         *other_aligned = (void *)(((uintptr_t)other.data + 63) & ~(uintptr_t)63);
    reference->run(&args, 0, queries, other_aligned);
    if (!(nan && args.bias) && !args.rounds) exact(c, &args, floats(plain));
    args.o = want.data;
    args.o_row = (ptrdiff_t)o_row;
    args.output_type = real ? DEIXIS_S8_F32 : DEIXIS_S8_U8;
    reference->run(&args, 0, queries, other_aligned);
    args.o = o.data;
    const size_t split = round % 2 ? check_random(c) % (queries + 1) : queries / kernel->block * kernel->block;
    kernel->run(&args, 0, split, aligned);
    kernel->run(&args, split, queries, aligned);
    const size_t width = real ? 4 : 1;
    for (size_t i = 0; i < queries; i++) {
        for (size_t j = 0; j < value_head; j++) {
            const size_t at = (i * o_row + j) * width;
            if (memcmp(o.data + at, want.data + at, width)) {
                check_fail(c, "%zu x %zu x %zu x %zu, round %d: query %zu, channel %zu: got %g, expected %g", queries,
                    keys, head, value_head, round, i, j, real ? floats(o)[i * o_row + j] : (uint8_t)o.data[at],
                    real ? floats(want)[i * o_row + j] : (uint8_t)want.data[at]);
            }
        }
    }
    buffer *all[] = {&q, &k, &v, &o, &want, &plain, &bias, &scratch, &other};
    for (int i = 0; i < 9; i++) check_release(c, all[i], "attention");
}

static void verify(check *c, const deixis_attention_s8 *kernel, const deixis_attention_s8 *reference) {
    static const size_t lengths[] = {1, 2, 3, 5, 8, 10, 15, 16, 17, 40, 42, 64, 65, 100},
                        heads[] = {1, 2, 3, 7, 8, 16, 20, 32, 64, 96, 80};
    for (int round = 0; round < 200 && !c->failed; round++) {
        size_t head = check_pick(c, 11, heads);
        attention(c, kernel, reference, check_pick(c, 14, lengths), check_pick(c, 14, lengths), head,
            round % 4 ? head : check_pick(c, 11, heads), round);
    }
    attention(c, kernel, reference, 3, 1024, 32, 32, 1);
    attention(c, kernel, reference, 42, 1024, 96, 96, 0);
    attention(c, kernel, reference, 70, 900, 96, 96, 1);
    attention(c, kernel, reference, 1, 1024, 96, 96, 5);
    attention(c, kernel, reference, 2, 70, 600, 40, 4);
}
