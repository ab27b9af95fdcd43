// Once for all instruction sets, the reference (one lane) included.

#include "deixis/quantize_u8.h"

#include "common/exact.h"

/// Values between two steps of a loop, in the L1 cache.
enum { block = 512 };

static inline size_t shorter(size_t a, size_t b) { return a < b ? a : b; }

/// Whole vectors: `count` is a multiple of LANES.
static void VARIANT_NAME(apply_vectors)(deixis_activation f, const float *x, float *y, size_t count) {
    switch (f.function) {
#define CASE(name) \
    case DEIXIS_UNARY_##name: \
        for (size_t i = 0; i < count; i += LANES) \
            v_store(y + i, exact_unary(DEIXIS_UNARY_##name, f.alpha, f.beta, v_load(x + i))); \
        return;
        EXACT_FUNCTIONS(CASE)
#undef CASE
    default:
        for (size_t i = 0; i < count; i++) y[i] = deixis_unary_reference(f, x[i]);
    }
}

void VARIANT_NAME(deixis_quantize_u8_apply)(deixis_activation f, const float *x, float *y, size_t count) {
    const size_t whole = count - count % LANES;
    VARIANT_NAME(apply_vectors)(f, x, y, whole);
    if (whole == count) return;
    float last[LANES] = {0};
    for (size_t i = whole; i < count; i++) last[i - whole] = x[i];
    VARIANT_NAME(apply_vectors)(f, last, last, LANES);
    for (size_t i = whole; i < count; i++) y[i] = last[i - whole];
}

static void VARIANT_NAME(quantize_plain)(const float *x, float scale, int32_t zero, uint8_t *y, size_t count) {
    size_t i = 0;
    for (; i + LANES <= count; i += LANES) exact_store_u8(y + i, v_load(x + i) / v_set(scale), 1, zero, LANES);
    if (i < count) exact_store_u8(y + i, v_load_n(x + i, count - i) / v_set(scale), 1, zero, count - i);
}

void VARIANT_NAME(deixis_quantize_u8_quantize)(
    deixis_activation f, const float *x, float scale, int32_t zero, uint8_t *y, size_t count) {
    if (f.function == DEIXIS_UNARY_IDENTITY) {
        VARIANT_NAME(quantize_plain)(x, scale, zero, y, count);
        return;
    }
    float values[block];
    for (size_t start = 0; start < count; start += block) {
        const size_t length = shorter(count - start, block);
        VARIANT_NAME(deixis_quantize_u8_apply)(f, x + start, values, length);
        VARIANT_NAME(quantize_plain)(values, scale, zero, y + start, length);
    }
}

void VARIANT_NAME(deixis_quantize_u8_dequantize)(const uint8_t *x, float scale, int32_t zero, float *y, size_t count) {
    size_t i = 0;
    for (; i + LANES <= count; i += LANES) v_store(y + i, exact_read(x, true, i, zero, scale, LANES));
    if (i < count) v_store_n(y + i, exact_read(x, true, i, zero, scale, count - i), count - i);
}

void VARIANT_NAME(deixis_quantize_u8_dequantize_columns)(
    const int8_t *x, const float *scale, float *y, size_t rows, size_t columns) {
    for (size_t r = 0; r < rows; r++, x += columns, y += columns) {
        for (size_t i = 0; i < columns; i++) y[i] = (float)x[i] * scale[i];
    }
}

/// The sums of [start, start + length).
static inline __attribute__((always_inline)) void VARIANT_NAME(add_block)(
    const deixis_add_u8_args *args, bool bytes, size_t start, size_t length, float *values) {
    size_t i = 0;
    for (; i < length; i += LANES) {
        const size_t n = exact_valid(i, length);
        vf a = exact_read(args->a, true, start + i, args->zero_a, args->scale_a, n);
        exact_store(values + i, a + exact_read(args->b, bytes, start + i, args->zero_b, args->scale_b, n), n);
    }
}

void VARIANT_NAME(deixis_quantize_u8_add)(const deixis_add_u8_args *given, size_t begin, size_t end) {
    // A copy that no store can change, so that its fields stay in registers.
    const deixis_add_u8_args copy = *given, *args = &copy;
    float values[block];
    for (size_t start = begin; start < end; start += block) {
        const size_t length = shorter(end - start, block);
        if (args->b_type == DEIXIS_S8_U8) VARIANT_NAME(add_block)(args, true, start, length, values);
        else VARIANT_NAME(add_block)(args, false, start, length, values);
        if (args->output_type == DEIXIS_S8_U8) {
            if (args->activation.function != DEIXIS_UNARY_IDENTITY)
                VARIANT_NAME(deixis_quantize_u8_apply)(args->activation, values, values, length);
            VARIANT_NAME(quantize_plain)(values, args->scale, args->zero, (uint8_t *)args->y + start, length);
        } else {
            VARIANT_NAME(deixis_quantize_u8_apply)(args->activation, values, (float *)args->y + start, length);
        }
    }
}

void VARIANT_NAME(deixis_quantize_u8_map)(
    const uint8_t *x, const uint8_t *table, uint8_t *y, size_t pixels, size_t channels) {
    if (channels == 1) {
        for (size_t i = 0; i < pixels; i++) y[i] = table[x[i]];
        return;
    }
    if (channels == 3) {
        for (size_t i = 0; i < 3 * pixels; i += 3) {
            y[i] = table[x[i]];
            y[i + 1] = table[256 + x[i + 1]];
            y[i + 2] = table[512 + x[i + 2]];
        }
        return;
    }
    for (size_t p = 0; p < pixels; p++, x += channels, y += channels) {
        for (size_t c = 0; c < channels; c++) y[c] = table[256 * c + x[c]];
    }
}
