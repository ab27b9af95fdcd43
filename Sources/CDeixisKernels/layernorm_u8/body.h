// Once for all instruction sets, the reference (one lane) included.

#include "deixis/layernorm_u8.h"

#include "common/exact.h"

static inline vf VARIANT_NAME(layernorm_read)(const void *row, int32_t type, int32_t zero, float scale, size_t at, size_t n) {
    if (type == DEIXIS_S8_U8) return (exact_load_u8((const uint8_t *)row + at, n) - v_set((float)zero)) * v_set(scale);
    return exact_load((const float *)row + at, n);
}

void VARIANT_NAME(deixis_layernorm_u8)(const deixis_layernorm_u8_args *args, size_t row_begin, size_t row_end, float *s) {
    const size_t count = args->count;
    const ptrdiff_t x_size = args->x_type == DEIXIS_S8_U8 ? 1 : 4, r_size = args->residual_type == DEIXIS_S8_U8 ? 1 : 4;
    for (ptrdiff_t row = (ptrdiff_t)row_begin; row < (ptrdiff_t)row_end; row++) {
        const char *x = (const char *)args->x + row * args->x_row * x_size;
        const char *r = args->residual ? (const char *)args->residual + row * args->residual_row * r_size : NULL;
        vf sum[EXACT_PARTS], squares[EXACT_PARTS];
        for (int p = 0; p < EXACT_PARTS; p++) sum[p] = squares[p] = v_set(0);
        for (size_t i = 0; i < count; i += EXACT_LANES) {
            for (int p = 0; p < EXACT_PARTS; p++) {
                const size_t at = i + (size_t)p * LANES, n = exact_valid(at, count);
                vf v = VARIANT_NAME(layernorm_read)(x, args->x_type, args->x_zero, args->x_scale, at, n);
                if (r) v = v + VARIANT_NAME(layernorm_read)(r, args->residual_type, args->residual_zero, args->residual_scale, at, n);
                v = exact_keep(v, n);
                exact_store(s + at, v, n);
                sum[p] = sum[p] + v;
            }
        }
        const float mean = exact_fold(sum) / (float)count;
        for (size_t i = 0; i < count; i += EXACT_LANES) {
            for (int p = 0; p < EXACT_PARTS; p++) {
                const size_t at = i + (size_t)p * LANES, n = exact_valid(at, count);
                vf d = exact_keep(exact_load(s + at, n) - v_set(mean), n);
                squares[p] = v_mul_add(d, d, squares[p]);
            }
        }
        const float variance = exact_fold(squares) / (float)count;
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
