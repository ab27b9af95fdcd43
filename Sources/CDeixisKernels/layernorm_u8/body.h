// Once for all instruction sets, the reference (one lane) included.

#include "deixis/layernorm_u8.h"

#include "common/exact.h"

enum layernorm_residual { LAYERNORM_ALONE, LAYERNORM_BYTES, LAYERNORM_FLOATS };

/// LANES or fewer elements of the row's sum, to s and into a lane sum.
static inline __attribute__((always_inline)) vf VARIANT_NAME(layernorm_sum)(const deixis_layernorm_u8_args *args,
    const void *x, bool bytes, const void *r, int residual, size_t at, size_t n, float *s) {
    vf v = exact_read(x, bytes, at, args->x_zero, args->x_scale, n);
    if (residual) v = v + exact_read(r, residual == LAYERNORM_BYTES, at, args->residual_zero, args->residual_scale, n);
    v = exact_keep(v, n);
    exact_store(s + at, v, n);
    return v;
}

/// s = x + residual; the mean of s.
static inline __attribute__((always_inline)) float VARIANT_NAME(layernorm_mean)(
    const deixis_layernorm_u8_args *args, const void *x, bool bytes, const void *r, int residual, float *s) {
    vf sum[EXACT_PARTS];
    for (int p = 0; p < EXACT_PARTS; p++) sum[p] = v_set(0);
    size_t i = 0;
    for (; i + EXACT_LANES <= args->count; i += EXACT_LANES) {
        for (int p = 0; p < EXACT_PARTS; p++)
            sum[p] += VARIANT_NAME(layernorm_sum)(args, x, bytes, r, residual, i + (size_t)p * LANES, LANES, s);
    }
    for (int p = 0; i < args->count; p++, i += LANES)
        sum[p] += VARIANT_NAME(layernorm_sum)(args, x, bytes, r, residual, i, exact_valid(i, args->count), s);
    return exact_fold(sum) / (float)args->count;
}

static inline __attribute__((always_inline)) float VARIANT_NAME(layernorm_read)(
    const deixis_layernorm_u8_args *args, ptrdiff_t row, float *s) {
    const bool bytes = args->x_type == DEIXIS_S8_U8;
    const int residual = !args->residual      ? LAYERNORM_ALONE
        : args->residual_type == DEIXIS_S8_U8 ? LAYERNORM_BYTES
                                              : LAYERNORM_FLOATS;
    const void *x = (const char *)args->x + row * args->x_row * (bytes ? 1 : 4);
    const void *r = residual
        ? (const char *)args->residual + row * args->residual_row * (residual == LAYERNORM_BYTES ? 1 : 4)
        : NULL;
    switch (residual + 3 * bytes) {
#define CASE(bytes, residual) \
    case residual + 3 * bytes: return VARIANT_NAME(layernorm_mean)(args, x, bytes, r, residual, s);
        CASE(0, LAYERNORM_ALONE)
        CASE(0, LAYERNORM_BYTES) CASE(0, LAYERNORM_FLOATS) CASE(1, LAYERNORM_ALONE) CASE(1, LAYERNORM_BYTES)
#undef CASE
            default : return VARIANT_NAME(layernorm_mean)(args, x, true, r, LAYERNORM_FLOATS, s);
    }
}

static float VARIANT_NAME(layernorm_variance)(const float *s, float mean, size_t count) {
    vf squares[EXACT_PARTS];
    for (int p = 0; p < EXACT_PARTS; p++) squares[p] = v_set(0);
    size_t i = 0;
    for (; i + EXACT_LANES <= count; i += EXACT_LANES) {
        for (int p = 0; p < EXACT_PARTS; p++) {
            vf d = v_load(s + i + p * LANES) - v_set(mean);
            squares[p] = v_mul_add(d, d, squares[p]);
        }
    }
    for (int p = 0; i < count; p++, i += LANES) {
        const size_t n = exact_valid(i, count);
        vf d = exact_keep(exact_load(s + i, n) - v_set(mean), n);
        squares[p] = v_mul_add(d, d, squares[p]);
    }
    return exact_fold(squares) / (float)count;
}

void VARIANT_NAME(deixis_layernorm_u8)(
    const deixis_layernorm_u8_args *given, size_t row_begin, size_t row_end, float *s) {
    // A copy that no store can change, so that its fields stay in registers.
    const deixis_layernorm_u8_args copy = *given, *args = &copy;
    const size_t count = args->count;
    for (ptrdiff_t row = (ptrdiff_t)row_begin; row < (ptrdiff_t)row_end; row++) {
        const float mean = VARIANT_NAME(layernorm_read)(args, row, s),
                    variance = VARIANT_NAME(layernorm_variance)(s, mean, count);
        const float factor = 1.0f / v_sqrt(v_set(variance + args->epsilon))[0];
        uint8_t *y = args->y ? args->y + row * args->y_row : NULL;
        float *real = args->y_float ? args->y_float + row * args->y_float_row : NULL;
        for (size_t at = 0; at < count; at += LANES) {
            const size_t n = exact_valid(at, count);
            vf v = (exact_load(s + at, n) - v_set(mean)) * v_set(factor);
            if (args->scale) v = v * exact_load(args->scale + at, n);
            if (args->shift) v = v + exact_load(args->shift + at, n);
            if (y) exact_store_u8(y + at, v, args->inverse_scale, args->zero, n);
            if (real) exact_store(real + at, v, n);
        }
    }
}
