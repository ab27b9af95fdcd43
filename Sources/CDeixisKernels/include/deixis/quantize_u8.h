// Between floats and bytes. Each float operation rounds once, none is fused: every variant gives the reference's bits.
//
//     quantize     y = min(max(round(f(x) / scale) + zero, 0), 255)             ties to even; NaN gives 0; f by common/exact.h
//     dequantize   y = ((float)(x - zero)) scale
//     add          v = f((float)(a - zero_a) scale_a + (float)(b - zero_b) scale_b), or the second term b itself (float32);
//                  y = v, or quantized as above
//     map          y[p, c] = table[c][x[p, c]]
#pragma once

#include "gemm_s8.h"
#include "unary_f32.h"

typedef struct deixis_add_u8_args {
    const uint8_t *a;
    int32_t zero_a;
    float scale_a;
    const void *b;
    int32_t b_type;             // DEIXIS_S8_U8 or _F32
    int32_t zero_b;
    float scale_b;
    deixis_activation activation;
    void *y;                    // may be a, or b where types agree
    int32_t output_type;        // DEIXIS_S8_U8 or _F32
    float scale;                // divides, as the standard has it: a product with 1 / scale decides ties otherwise
    int32_t zero;
} deixis_add_u8_args;

typedef struct deixis_quantize_u8 {
    const char *name;
    uint32_t isa;
    void (*quantize)(deixis_activation f, const float *x, float scale, int32_t zero, uint8_t *y, size_t count);
    void (*dequantize)(const uint8_t *x, float scale, int32_t zero, float *y, size_t count);
    /// y[r, c] = x[r, c] scale[c], x int8; for embeddings.
    void (*dequantize_columns)(const int8_t *x, const float *scale, float *y, size_t rows, size_t columns);
    void (*add)(const deixis_add_u8_args *args, size_t begin, size_t end);
    /// table holds channels rows of 256 bytes.
    void (*map)(const uint8_t *x, const uint8_t *table, uint8_t *y, size_t pixels, size_t channels);
    /// y = f(x) with the same bits on every instruction set; y may be x. For floats between quantized steps.
    void (*apply)(deixis_activation f, const float *x, float *y, size_t count);
} deixis_quantize_u8;

const deixis_quantize_u8 *deixis_quantize_u8_variants(size_t *count);
const deixis_quantize_u8 *deixis_quantize_u8_select(uint32_t isa);
