// Once for all instruction sets, the reference (one lane) included.

#include "deixis/quantize_u8.h"

#include "common/exact.h"

void VARIANT_NAME(deixis_quantize_u8_apply)(deixis_activation f, const float *x, float *y, size_t count) {
    if (!exact_knows(f.function)) {
        // One element at a time through libm, here as everywhere.
        for (size_t i = 0; i < count; i++) y[i] = deixis_unary_reference(f, x[i]);
        return;
    }
    for (size_t i = 0; i < count; i += LANES) {
        const size_t n = exact_valid(i, count);
        exact_store(y + i, exact_unary(f, exact_load(x + i, n)), n);
    }
}

void VARIANT_NAME(deixis_quantize_u8_quantize)(deixis_activation f, const float *x, float inverse_scale, int32_t zero, uint8_t *y, size_t count) {
    enum { block = 256 };
    float values[block];
    for (size_t start = 0; start < count; start += block) {
        const size_t length = count - start < block ? count - start : block;
        const float *from = x + start;
        if (f.function != DEIXIS_UNARY_IDENTITY) {
            VARIANT_NAME(deixis_quantize_u8_apply)(f, from, values, length);
            from = values;
        }
        for (size_t i = 0; i < length; i += LANES) {
            const size_t n = exact_valid(i, length);
            exact_store_u8(y + start + i, exact_load(from + i, n), inverse_scale, zero, n);
        }
    }
}

void VARIANT_NAME(deixis_quantize_u8_dequantize)(const uint8_t *x, float scale, int32_t zero, float *y, size_t count) {
    for (size_t i = 0; i < count; i += LANES) {
        const size_t n = exact_valid(i, count);
        exact_store(y + i, (exact_load_u8(x + i, n) - v_set((float)zero)) * v_set(scale), n);
    }
}

void VARIANT_NAME(deixis_quantize_u8_dequantize_columns)(const int8_t *x, const float *scale, float *y, size_t rows, size_t columns) {
    for (size_t r = 0; r < rows; r++, x += columns, y += columns) {
        for (size_t i = 0; i < columns; i++) y[i] = (float)x[i] * scale[i];
    }
}

void VARIANT_NAME(deixis_quantize_u8_add)(const deixis_add_u8_args *args, size_t begin, size_t end) {
    enum { block = 256 };
    float values[block];
    for (size_t start = begin; start < end; start += block) {
        const size_t length = end - start < block ? end - start : block;
        for (size_t i = 0; i < length; i += LANES) {
            const size_t n = exact_valid(i, length), at = start + i;
            vf a = (exact_load_u8(args->a + at, n) - v_set((float)args->zero_a)) * v_set(args->scale_a), b;
            if (args->b_type == DEIXIS_S8_U8) b = (exact_load_u8((const uint8_t *)args->b + at, n) - v_set((float)args->zero_b)) * v_set(args->scale_b);
            else b = exact_load((const float *)args->b + at, n);
            exact_store(values + i, a + b, n);
        }
        if (args->activation.function != DEIXIS_UNARY_IDENTITY) VARIANT_NAME(deixis_quantize_u8_apply)(args->activation, values, values, length);
        for (size_t i = 0; i < length; i += LANES) {
            const size_t n = exact_valid(i, length), at = start + i;
            vf v = exact_load(values + i, n);
            if (args->output_type == DEIXIS_S8_U8) exact_store_u8((uint8_t *)args->y + at, v, args->inverse_scale, args->zero, n);
            else exact_store((float *)args->y + at, v, n);
        }
    }
}

void VARIANT_NAME(deixis_quantize_u8_map)(const uint8_t *x, const uint8_t *table, uint8_t *y, size_t pixels, size_t channels) {
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
