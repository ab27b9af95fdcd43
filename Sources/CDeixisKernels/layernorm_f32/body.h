// Mean, then variance around it, then the affine map: three passes over a row that is in the L1 cache after the first.
// The second pass also finds what is left of the mean: differences from nearly the mean are exact, so rounding of a
// large mean does not reach the result.

#include "deixis/layernorm_f32.h"

#include <math.h>

typedef struct row {
    const float *x, *residual;
    size_t count;
} row;

/// s at i; lanes from n on are 0.
static inline vf row_at(const row *r, size_t i, size_t n) {
    if (n == LANES) return r->residual ? v_load(r->x + i) + v_load(r->residual + i) : v_load(r->x + i);
    return r->residual ? v_load_n(r->x + i, n) + v_load_n(r->residual + i, n) : v_load_n(r->x + i, n);
}

void VARIANT_NAME(deixis_layernorm_f32)(const deixis_layernorm_f32_args *args, size_t row_begin, size_t row_end) {
    const size_t count = args->count, whole = count - count % LANES, tail = count - whole;
    for (ptrdiff_t r = (ptrdiff_t)row_begin; r < (ptrdiff_t)row_end; r++) {
        row s = {args->x + r * args->x_row, args->residual ? args->residual + r * args->residual_row : NULL, count};
        float *y = args->y + r * args->y_row, *kept = args->sum ? args->sum + r * args->sum_row : NULL;

        vf sum[2] = {v_set(0), v_set(0)};
        for (size_t i = 0; i < whole; i += LANES) {
            vf value = row_at(&s, i, LANES);
            if (kept) v_store(kept + i, value);
            sum[i / LANES % 2] += value;
        }
        if (tail) {
            vf value = row_at(&s, whole, tail);
            if (kept) v_store_n(kept + whole, value, tail);
            sum[0] += value;
        }
        // From here on the kept sum is the row: its place may be that of x or of the residual.
        if (kept) s = (row){kept, NULL, count};
        const float mean = v_sum(sum[0] + sum[1]) / (float)count;

        vf square[2] = {v_set(0), v_set(0)}, rest = v_set(0);
        for (size_t i = 0; i < whole; i += LANES) {
            vf d = row_at(&s, i, LANES) - v_set(mean);
            square[i / LANES % 2] = v_fma(d, d, square[i / LANES % 2]);
            rest += d;
        }
        float squares = v_sum(square[0] + square[1]), left = v_sum(rest);
        for (size_t i = whole; i < count; i++) {
            float d = (s.residual ? s.x[i] + s.residual[i] : s.x[i]) - mean;
            squares += d * d;
            left += d;
        }
        const float correction = left / (float)count, variance = squares / (float)count - correction * correction;
        const vf factor = v_set(1 / sqrtf((variance < 0 ? 0 : variance) + args->epsilon));

        for (size_t i = 0; i < count; i += LANES) {
            size_t n = i < whole ? LANES : tail;
            vf value = (row_at(&s, i, n) - v_set(mean) - v_set(correction)) * factor;
            if (args->scale) value *= v_load_n(args->scale + i, n);
            if (args->shift) value += v_load_n(args->shift + i, n);
            v_store_n(y + i, value, n);
        }
    }
}
