// Speed per variant and shape, one thread:  bench [--caches L1 L2] [variant ...]      (tools/bench-kernels builds and
// runs it)
//
// Products in GMAC/s with their share of the measured multiply-add peak; the rest in ns per element. The best of many
// short runs, in processor time of the thread.
#include "CDeixisKernels.h"
#include "CDeixisSystem.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

static deixis_caches caches;

/// Seconds of this thread on a core: other work on the machine does not count.
static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

#define PEAK(name, attribute, lanes) \
    attribute static double name(void) { \
        typedef float v __attribute__((ext_vector_type(lanes))); \
        v a[12], x = (v)(0.999999f), y = (v)(1e-9f); \
        for (int i = 0; i < 12; i++) a[i] = (v)((float)i); \
        double best = 0; \
        for (int round = 0; round < 10; round++) { \
            double start = now(); \
            for (int n = 0; n < 300000; n++) { \
                _Pragma("clang loop unroll(full)") for (int i = 0; i < 12; i++) a[i] = \
                    __builtin_elementwise_fma(a[i], x, y); \
            } \
            double rate = 300000.0 * 12 * lanes / (now() - start) / 1e9; \
            if (rate > best) best = rate; \
        } \
        volatile float sink = 0; \
        for (int i = 0; i < 12; i++) sink += a[i][0]; \
        return best; \
    }
#if defined(__x86_64__)
PEAK(peak_avx512, __attribute__((target("avx512f"))), 16)
PEAK(peak_avx2, __attribute__((target("avx2,fma"))), 8)
#else
PEAK(peak_v128, , 4)
#endif

static double peak_of(uint32_t isa) {
    (void)isa;
#if defined(__x86_64__)
    if (isa & DEIXIS_ISA_AVX512) return peak_avx512();
    if (isa & DEIXIS_ISA_AVX2) return peak_avx2();
    return NAN;
#else
    return peak_v128();
#endif
}

#if defined(__x86_64__)
/// Four byte products a lane.
#define BYTE_PEAK(name, attribute, width, dot) \
    attribute static double name(void) { \
        typedef int32_t v __attribute__((ext_vector_type(width))); \
        v a[12], x = (v)(0x01020304), y = (v)(0x010101ff); \
        for (int i = 0; i < 12; i++) a[i] = (v)(i); \
        double best = 0; \
        for (int round = 0; round < 20; round++) { \
            double start = now(); \
            for (int n = 0; n < 300000; n++) { \
                __asm__ volatile("" : "+v"(x)); \
                _Pragma("clang loop unroll(full)") for (int i = 0; i < 12; i++) a[i] = dot; \
            } \
            double rate = 300000.0 * 12 * 4 * width / (now() - start) / 1e9; \
            if (rate > best) best = rate; \
        } \
        volatile int32_t sink = 0; \
        for (int i = 0; i < 12; i++) sink += a[i][0]; \
        return best; \
    }
BYTE_PEAK(peak_avx512vnni, __attribute__((target("avx512f,avx512vnni"))), 16,
    (v)_mm512_dpbusd_epi32((__m512i)a[i], (__m512i)x, (__m512i)y))
BYTE_PEAK(peak_avxvnni, __attribute__((target("avx2,avxvnni"))), 8,
    (v)_mm256_dpbusd_avx_epi32((__m256i)a[i], (__m256i)x, (__m256i)y))
#endif

/// Of byte products by the CPU's own instruction; for variants without one, of the best that this CPU has.
static double byte_peak(void) {
#if defined(__x86_64__)
    if (deixis_isa_detect() & DEIXIS_ISA_AVX512VNNI) return peak_avx512vnni();
    if (deixis_isa_detect() & DEIXIS_ISA_AVXVNNI) return peak_avxvnni();
#endif
    return NAN;
}

static float *random_floats(size_t count) {
    float *p = aligned_alloc(64, (count * 4 + 127) / 64 * 64);
    if (!p) abort();
    for (size_t i = 0; i < count; i++) p[i] = (float)(rand() % 2001 - 1000) / 1000;
    return p;
}

/// Runs `body` until 0.25 s are over, keeps the shortest time in `best`.
#define TIME(best, ...) \
    double best = 1e9; \
    for (double begin = now(); now() - begin < 0.25 || best == 1e9;) { \
        double start = now(); \
        __VA_ARGS__; \
        double taken = now() - start; \
        if (taken < best) best = taken; \
    }

static void rate(const char *family, const char *variant, const char *shape, double macs, double seconds, double peak) {
    printf("%-10s %-10s %-40s %8.3f ms  %7.1f GMAC/s  %3.0f%%\n", family, variant, shape, seconds * 1e3,
        macs / seconds / 1e9, 100 * macs / seconds / 1e9 / peak);
    fflush(stdout);
}

static void gemm(const deixis_gemm_f32 *kernel, size_t m, size_t n, size_t k, int32_t function, double peak) {
    float *a = random_floats(m * k), *b = random_floats(k * n), *c = random_floats(m * n), *bias = random_floats(n);
    float *packed = random_floats(deixis_gemm_f32_packed_size(kernel, k, n));
    deixis_gemm_f32_pack(kernel, b, (ptrdiff_t)n, 1, k, n, 0, deixis_gemm_f32_panels(kernel, n), packed);
    deixis_gemm_f32_args args = {
        m, n, k, a, (ptrdiff_t)k, packed, c, (ptrdiff_t)n, bias, NULL, 0, {function, 0, 0}, caches};
    TIME(best, deixis_gemm_f32_run(kernel, &args, 0, m, 0, n))
    char shape[64];
    snprintf(shape, sizeof shape, "%zu x %zu x %zu%s", m, n, k, function == DEIXIS_UNARY_GELU ? " gelu" : "");
    rate("gemm", kernel->name, shape, (double)m * (double)n * (double)k, best, peak);
    free(a), free(b), free(c), free(bias), free(packed);
}

static void conv(
    const deixis_gemm_f32 *kernel, size_t size, size_t in_c, size_t out_c, size_t side, size_t stride, double peak) {
    size_t out = (size + stride - 1) / stride;
    deixis_conv_f32_shape s = {1, size, size, in_c, out, out, out_c, side, side, stride, stride, 1, 1, side / 2,
        side / 2, 1, in_c, out_c, out_c};
    float *x = random_floats(size * size * in_c), *w = random_floats(out_c * in_c * side * side),
          *bias = random_floats(out_c), *y = random_floats(out * out * out_c);
    float *packed = random_floats(deixis_conv_f32_packed_size(kernel, &s)),
          *scratch = random_floats(deixis_conv_f32_scratch(kernel, &s, false, caches) / 4);
    deixis_conv_f32_pack(kernel, &s, w, 0, deixis_conv_f32_panels(kernel, &s), packed);
    deixis_conv_f32_args args = {x, packed, bias, NULL, y, {DEIXIS_UNARY_RELU, 0, 0}, .caches = caches};
    TIME(best, deixis_conv_f32_run(kernel, &s, &args, 0, out * out, 0, deixis_conv_f32_panels(kernel, &s), scratch))
    char shape[64];
    snprintf(shape, sizeof shape, "%zux%zu/%zu, %zu -> %zu at %zux%zu", side, side, stride, in_c, out_c, size, size);
    rate("conv", kernel->name, shape, (double)(out * out) * (double)(out_c * in_c * side * side), best, peak);
    free(x), free(w), free(bias), free(y), free(packed), free(scratch);
}

static uint8_t *random_bytes(size_t count) {
    uint8_t *p = aligned_alloc(64, (count + 127) / 64 * 64);
    if (!p) abort();
    for (size_t i = 0; i < count; i++) p[i] = (uint8_t)rand();
    return p;
}

/// Bytes out, as a layer after a relu has them; `residual` adds bytes. Without one the multiplier holds the output's
/// scale too.
static deixis_requantize requantize(const float *multiplier, const int32_t *offset, bool residual) {
    return (deixis_requantize){offset, multiplier, residual ? DEIXIS_S8_U8 : DEIXIS_S8_NONE, 12, 0.1f, 0, INFINITY,
        DEIXIS_S8_U8, residual ? 3.7f : 1, 0};
}

static float *multipliers(size_t count) {
    float *p = random_floats(count);
    for (size_t i = 0; i < count; i++) p[i] *= 0.002f;
    return p;
}

static void gemm_bytes(const deixis_gemm_s8 *kernel, size_t m, size_t n, size_t k, double peak) {
    uint8_t *a = random_bytes(m * k), *b = random_bytes(k * n), *c = random_bytes(m * n),
            *packed = random_bytes(deixis_gemm_s8_packed_size(kernel, k, n));
    float *multiplier = multipliers(n);
    int32_t *offset = calloc(n, 4);
    deixis_gemm_s8_pack(
        kernel, (int8_t *)b, (ptrdiff_t)n, 1, k, n, 0, deixis_gemm_s8_panels(kernel, n), (int8_t *)packed);
    deixis_gemm_s8_args args = {m, n, k, a, (ptrdiff_t)k, (int8_t *)packed, 0, c, (ptrdiff_t)n, NULL, 0,
        requantize(multiplier, offset, false), caches};
    TIME(best, deixis_gemm_s8_run(kernel, &args, 0, m, 0, n))
    char shape[64];
    snprintf(shape, sizeof shape, "%zu x %zu x %zu", m, n, k);
    rate("gemm_s8", kernel->name, shape, (double)m * (double)n * (double)k, best, peak);
    free(a), free(b), free(c), free(packed), free(multiplier), free(offset);
}

static void conv_bytes(const deixis_gemm_s8 *kernel, size_t size, size_t in_c, size_t out_c, size_t side, size_t stride,
    bool residual, double peak) {
    size_t out = (size + stride - 1) / stride;
    deixis_conv_f32_shape s = {1, size, size, in_c, out, out, out_c, side, side, stride, stride, 1, 1, side / 2,
        side / 2, 1, in_c, out_c, out_c};
    uint8_t *x = random_bytes(size * size * in_c), *w = random_bytes(out_c * in_c * side * side),
            *y = random_bytes(out * out * out_c), *r = random_bytes(out * out * out_c);
    uint8_t *packed = random_bytes(deixis_conv_s8_packed_size(kernel, &s)),
            *scratch = random_bytes(deixis_conv_s8_scratch(kernel, &s, false, caches));
    float *multiplier = multipliers(out_c);
    int32_t *offset = calloc(out_c, 4);
    deixis_conv_s8_pack(kernel, &s, (int8_t *)w, 0, deixis_conv_s8_panels(kernel, &s), (int8_t *)packed);
    deixis_conv_s8_args args = {
        x, 3, (int8_t *)packed, residual ? r : NULL, y, requantize(multiplier, offset, residual), .caches = caches};
    TIME(best, deixis_conv_s8_run(kernel, &s, &args, 0, out * out, 0, deixis_conv_s8_panels(kernel, &s), scratch))
    char shape[64];
    snprintf(shape, sizeof shape, "%zux%zu/%zu, %zu -> %zu at %zux%zu%s", side, side, stride, in_c, out_c, size, size,
        residual ? " + r" : "");
    rate("conv_s8", kernel->name, shape, (double)(out * out) * (double)(out_c * in_c * side * side), best, peak);
    free(x), free(w), free(y), free(r), free(packed), free(scratch), free(multiplier), free(offset);
}

static void byte_products(uint32_t isa) {
    const double peak = byte_peak();
    printf("bytes: this CPU's peak %.1f GMAC/s\n", peak);
    const deixis_gemm_s8 *kernel = deixis_gemm_s8_select(isa, 64);
    static const size_t shapes[][3] = {
        {1024, 768, 768}, {1024, 2048, 768}, {1024, 768, 2048}, {1024, 256, 256}, {1024, 1024, 256}, {42, 3072, 768}};
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
        gemm_bytes(kernel, shapes[i][0], shapes[i][1], shapes[i][2], peak);
    static const size_t convs[][6] = {{512, 3, 64, 7, 2, 0}, {128, 64, 64, 1, 1, 0}, {128, 64, 64, 3, 1, 0},
        {128, 64, 256, 1, 1, 1}, {128, 256, 64, 1, 1, 0}, {64, 128, 128, 3, 1, 0}, {32, 256, 256, 3, 1, 0},
        {32, 256, 1024, 1, 1, 1}, {32, 1024, 256, 1, 1, 0}, {64, 512, 1024, 1, 2, 0}, {32, 512, 512, 3, 2, 0},
        {16, 512, 512, 3, 1, 0}};
    for (size_t i = 0; i < sizeof convs / sizeof convs[0]; i++) {
        conv_bytes(kernel, convs[i][0], convs[i][1], convs[i][2], convs[i][3], convs[i][4], convs[i][5], peak);
    }
}

static void attention(
    const deixis_attention_f32 *kernel, size_t queries, size_t keys, size_t heads, size_t head, double peak) {
    size_t row = heads * head;
    float *q = random_floats(queries * row), *k = random_floats(keys * row), *v = random_floats(keys * row),
          *o = random_floats(queries * row);
    float *bias = random_floats(keys), *scratch = random_floats(kernel->scratch(keys, head, head));
    TIME(
        best, for (size_t h = 0; h < heads; h++) {
            deixis_attention_f32_args args = {queries, keys, head, head, q + h * head, k + h * head, v + h * head,
                (ptrdiff_t)row, (ptrdiff_t)row, (ptrdiff_t)row, o + h * head, (ptrdiff_t)row, 0.1f, bias, 0, caches};
            kernel->run(&args, 0, queries, scratch);
        })
    char shape[64];
    snprintf(shape, sizeof shape, "%zu queries, %zu keys, %zu x %zu", queries, keys, heads, head);
    rate("attention", kernel->name, shape, 2.0 * (double)(queries * keys * row), best, peak);
    free(q), free(k), free(v), free(o), free(bias), free(scratch);
}

static void each(const char *family, const char *variant, const char *shape, double elements, double seconds) {
    printf("%-10s %-10s %-40s %8.3f ms  %7.3f ns/element\n", family, variant, shape, seconds * 1e3,
        seconds * 1e9 / elements);
    fflush(stdout);
}

static void small_families(uint32_t isa) {
    size_t rows = 1024, n = 768, count = rows * n;
    float *x = random_floats(count), *r = random_floats(count), *y = random_floats(count), *scale = random_floats(n),
          *shift = random_floats(n);
    const deixis_unary_f32 *unary = deixis_unary_f32_select(isa);
    static const struct { int32_t f; const char *name;
    } functions[] = {{DEIXIS_UNARY_RELU, "relu"}, {DEIXIS_UNARY_GELU, "gelu"}, {DEIXIS_UNARY_EXP, "exp"},
        {DEIXIS_UNARY_TANH, "tanh"}, {DEIXIS_UNARY_SIGMOID, "sigmoid"}};
    for (int i = 0; i < 5; i++) {
        // In the L1 cache: 4,096 values.
        TIME(best, for (int k = 0; k < 100; k++) unary->run((deixis_activation){functions[i].f, 0, 0}, x, y, 4096))
        each("unary", unary->name, functions[i].name, 100 * 4096.0, best);
    }
    const deixis_binary_f32 *binary = deixis_binary_f32_select(isa);
    {
        TIME(best, binary->run(DEIXIS_BINARY_ADD, x, 0, 1, r, 0, 1, y, 0, 1, count))
        each("binary", binary->name, "add 1024 x 768", (double)count, best);
    }
    const deixis_softmax_f32 *softmax = deixis_softmax_f32_select(isa);
    {
        TIME(best, softmax->run(false, x, 768, y, 768, rows, n))
        each("softmax", softmax->name, "1024 x 768", (double)count, best);
    }
    {
        TIME(best, softmax->run(false, x, 40, y, 40, rows, 40))
        each("softmax", softmax->name, "1024 x 40", (double)rows * 40, best);
    }
    const deixis_layernorm_f32 *layernorm = deixis_layernorm_f32_select(isa);
    deixis_layernorm_f32_args args = {x, 768, r, 768, scale, shift, NULL, 0, y, 768, n, 1e-5f};
    {
        TIME(best, layernorm->run(&args, 0, rows))
        each("layernorm", layernorm->name, "1024 x 768 with residual", (double)count, best);
    }
    const deixis_normalize_u8 *normalize = deixis_normalize_u8_select(isa);
    {
        TIME(best, normalize->run((const uint8_t *)x, scale, shift, y, 512 * 512, 3))
        each("normalize", normalize->name, "512 x 512 x 3", 512 * 512 * 3.0, best);
    }
    const deixis_pool_f32 *pool = deixis_pool_f32_select(isa);
    float *image = random_floats(256 * 256 * 64), *pooled = random_floats(128 * 128 * 64);
    deixis_pool_f32_shape p = {1, 256, 256, 64, 128, 128, 3, 3, 2, 2, 1, 1, 1, 1, 1, 1, 64, 64, false, false};
    {
        TIME(best, pool->run(&p, image, pooled, 0, 128))
        each("pool", pool->name, "max 3x3/2, 64 at 256x256", 128 * 128 * 64.0, best);
    }
    const deixis_transpose *transpose = deixis_transpose_select(isa);
    deixis_transpose_shape t = {2, 4, {768, 1024}, {1, 768}};
    {
        TIME(best, transpose->run(&t, x, y, 0, 768))
        each("transpose", transpose->name, "1024 x 768", (double)count, best);
    }
    deixis_transpose_shape nchw = {3, 4, {64, 128, 128}, {1, 128 * 64, 64}};
    {
        TIME(best, transpose->run(&nchw, image, pooled, 0, 64))
        each("transpose", transpose->name, "128x128x64 to 64x128x128", 128 * 128 * 64.0, best);
    }
    const deixis_reduce_f32 *reduce = deixis_reduce_f32_select(isa);
    {
        TIME(best, reduce->run(DEIXIS_REDUCE_MEAN, x, y, 0, rows, n, 1))
        each("reduce", reduce->name, "mean of rows, 1024 x 768", (double)count, best);
    }
    free(x), free(r), free(y), free(scale), free(shift), free(image), free(pooled);
}

static void attention_s8(
    const deixis_attention_s8 *kernel, size_t queries, size_t keys, size_t heads, size_t head, double peak) {
    const size_t row = heads * head;
    uint8_t *q = random_bytes(queries * row), *k = random_bytes(keys * row), *v = random_bytes(keys * row),
            *o = random_bytes(queries * row);
    float *bias = random_floats(keys), *scratch = random_floats(kernel->scratch(keys, head, head) / 4 + 16);
    TIME(
        best, for (size_t h = 0; h < heads; h++) {
            deixis_attention_s8_args args = {.queries = queries,
                .keys = keys,
                .head = head,
                .value_head = head,
                .q = q + h * head,
                .k = k + h * head,
                .v = v + h * head,
                .q_row = (ptrdiff_t)row,
                .k_row = (ptrdiff_t)row,
                .v_row = (ptrdiff_t)row,
                .q_zero = 120,
                .k_zero = 130,
                .v_zero = 125,
                .scale = 1e-4f,
                .bias = bias,
                .p_inverse_scale = 400,
                .o = o + h * head,
                .o_row = (ptrdiff_t)row,
                .output_type = DEIXIS_S8_U8,
                .o_multiplier = 1e-4f,
                .inverse_scale = 100,
                .zero = 128};
            kernel->run(&args, 0, queries, scratch);
        })
    char shape[64];
    snprintf(shape, sizeof shape, "%zu queries, %zu keys, %zu x %zu", queries, keys, heads, head);
    rate("attention8", kernel->name, shape, 2.0 * (double)(queries * keys * row), best, peak);
    free(q), free(k), free(v), free(o), free(bias), free(scratch);
}

/// A picture into a square, both passes.
static void letterbox(const deixis_letterbox_u8 *kernel, size_t width, size_t height, size_t side) {
    const size_t sizes[2][2] = {{width, side}, {height, height * side / width}};
    deixis_letterbox_axis axes[2];
    uint32_t *tables[2];
    int16_t *weights[2];
    for (int a = 0; a < 2; a++) {
        const size_t input = sizes[a][0], output = sizes[a][1], reach = 2 * (input + output - 1) / output + 1,
                     most = reach < input ? reach : input, taps = (most + 3) / 4 * 4;
        tables[a] = calloc(2 * output, sizeof(uint32_t));
        weights[a] = calloc(output * taps * 2, sizeof(int16_t));
        for (size_t i = 0; i < output; i++) {
            tables[a][i] = (uint32_t)(i * (input - most) / (output > 1 ? output - 1 : 1)),
            tables[a][output + i] = (uint32_t)most;
            for (size_t k = 0; k < most; k++)
                weights[a][(i * taps + k / 4 * 4) * 2 + k % 4] = 777,
                                                            weights[a][(i * taps + k / 4 * 4) * 2 + 4 + k % 4] =
                                                                (int16_t)(2048 / most);
        }
        axes[a] = (deixis_letterbox_axis){input, output, taps, tables[a], tables[a] + output, weights[a]};
    }
    uint8_t *x = random_bytes(width * height * 3), *between = random_bytes(side * height * 3),
            *y = random_bytes(side * side * 3);
    char shape[64];
    snprintf(shape, sizeof shape, "%zux%zu to %zux%zu, rows", width, height, side, sizes[1][1]);
    {
        TIME(best, kernel->rows(&axes[0], x, width * 3, between, side * 3, 0, height))
        each("letterbox", kernel->name, shape, (double)(width * height), best);
    }
    snprintf(shape, sizeof shape, "%zux%zu to %zux%zu, columns", width, height, side, sizes[1][1]);
    {
        TIME(best, kernel->columns(&axes[1], between, side * 3, y, side * 3, side * 3, 0, sizes[1][1]))
        each("letterbox", kernel->name, shape, (double)(width * height), best);
    }
    for (int a = 0; a < 2; a++) free(tables[a]), free(weights[a]);
    free(x), free(between), free(y);
}

/// Families between quantized steps. Attention's share is of the float peak.
static void quantized_families(uint32_t isa, double peak) {
    const size_t rows = 1024, n = 768, count = rows * n;
    float *x = random_floats(count), *y = random_floats(count), *scale = random_floats(n), *shift = random_floats(n),
          *scratch = random_floats(n);
    uint8_t *a = random_bytes(count), *b = random_bytes(count), *q = random_bytes(count),
            *table = random_bytes(3 * 256);
    const deixis_quantize_u8 *quantize = deixis_quantize_u8_select(isa);
    static const struct { int32_t f; const char *name;
    } functions[] = {{DEIXIS_UNARY_IDENTITY, "quantize"}, {DEIXIS_UNARY_RELU, "quantize relu"},
        {DEIXIS_UNARY_GELU, "quantize gelu"}, {DEIXIS_UNARY_TANH, "quantize tanh"}};
    for (int i = 0; i < 4; i++) {
        TIME(best,
            for (int k = 0; k < 100; k++)
                quantize->quantize((deixis_activation){functions[i].f, 0, 0}, x, 0.02f, 128, q, 4096))
        each("quantize8", quantize->name, functions[i].name, 100 * 4096.0, best);
    }
    const deixis_activation none = {DEIXIS_UNARY_IDENTITY, 0, 0}, gelu = {DEIXIS_UNARY_GELU, 0, 0};
    {
        TIME(best, quantize->quantize(none, x, 0.02f, 128, q, count))
        each("quantize8", quantize->name, "quantize 1024 x 768", (double)count, best);
    }
    {
        TIME(best, quantize->dequantize(a, 0.1f, 128, y, count))
        each("quantize8", quantize->name, "dequantize 1024 x 768", (double)count, best);
    }
    {
        TIME(best, quantize->dequantize_columns((int8_t *)a, scale, y, rows, n))
        each("quantize8", quantize->name, "dequantize columns 1024 x 768", (double)count, best);
    }
    {
        TIME(best, for (int k = 0; k < 100; k++) quantize->apply(gelu, x, y, 4096))
        each("quantize8", quantize->name, "apply gelu", 100 * 4096.0, best);
    }
    deixis_add_u8_args add = {a, 128, 0.1f, b, DEIXIS_S8_U8, 120, 0.1f, none, q, DEIXIS_S8_U8, 5, 128};
    {
        TIME(best, quantize->add(&add, 0, count))
        each("quantize8", quantize->name, "add 1024 x 768", (double)count, best);
    }
    add.b = x, add.b_type = DEIXIS_S8_F32;
    {
        TIME(best, quantize->add(&add, 0, count))
        each("quantize8", quantize->name, "add floats 1024 x 768", (double)count, best);
    }
    {
        TIME(best, quantize->map(a, table, q, 512 * 512, 3))
        each("quantize8", quantize->name, "map 512 x 512 x 3", 512 * 512 * 3.0, best);
    }
    {
        TIME(best, quantize->map(a, table, q, count, 1))
        each("quantize8", quantize->name, "map 1024 x 768", (double)count, best);
    }
    const deixis_layernorm_u8 *layernorm = deixis_layernorm_u8_select(isa);
    for (size_t width = 256; width <= 768; width += 512) {
        deixis_layernorm_u8_args args = {.x = a,
            .x_type = DEIXIS_S8_U8,
            .x_zero = 128,
            .x_scale = 0.02f,
            .x_row = (ptrdiff_t)width,
            .residual = b,
            .residual_type = DEIXIS_S8_U8,
            .residual_zero = 120,
            .residual_scale = 0.02f,
            .residual_row = (ptrdiff_t)width,
            .scale = scale,
            .shift = shift,
            .epsilon = 1e-5f,
            .y = q,
            .inverse_scale = 50,
            .zero = 128,
            .y_row = (ptrdiff_t)width,
            .count = width};
        char shape[64];
        snprintf(shape, sizeof shape, "1024 x %zu with residual", width);
        TIME(best, layernorm->run(&args, 0, rows, scratch))
        each("layernorm8", layernorm->name, shape, (double)(rows * width), best);
        args.x = x, args.x_type = DEIXIS_S8_F32, args.y_float = y, args.y_float_row = (ptrdiff_t)width;
        snprintf(shape, sizeof shape, "1024 x %zu, floats, both outputs", width);
        TIME(again, layernorm->run(&args, 0, rows, scratch))
        each("layernorm8", layernorm->name, shape, (double)(rows * width), again);
    }
    const deixis_letterbox_u8 *letterboxes = deixis_letterbox_u8_select(isa);
    letterbox(letterboxes, 1920, 1080, 128), letterbox(letterboxes, 1920, 1080, 512),
        letterbox(letterboxes, 640, 480, 128);
    const deixis_pool_u8 *pool = deixis_pool_u8_select(isa);
    uint8_t *image = random_bytes(256 * 256 * 64), *pooled = random_bytes(256 * 256 * 64);
    deixis_pool_f32_shape p = {1, 256, 256, 64, 128, 128, 3, 3, 2, 2, 1, 1, 1, 1, 1, 1, 64, 64, false, false};
    {
        TIME(best, pool->max(&p, image, pooled, 0, 128))
        each("pool8", pool->name, "max 3x3/2, 64 at 256x256", 128 * 128 * 64.0, best);
    }
    deixis_resize_tap taps[128];
    for (uint32_t i = 0; i < 128; i++) taps[i] = (deixis_resize_tap){i / 2, i / 2, 0};
    deixis_resize_f32_shape r = {1, 64, 64, 256, 128, 128, 256, 256, taps, taps};
    {
        TIME(best, pool->nearest(&r, image, pooled, 0, 128))
        each("pool8", pool->name, "nearest 64x64 to 128x128, 256", 128 * 128 * 256.0, best);
    }
    free(x), free(y), free(scale), free(shift), free(scratch), free(a), free(b), free(q), free(table), free(image),
        free(pooled);
    const deixis_attention_s8 *heads = deixis_attention_s8_select(isa);
    static const size_t shapes[][4] = {{1024, 10, 8, 32}, {1024, 40, 8, 32}, {10, 1024, 8, 32}, {40, 1024, 8, 32},
        {1024, 10, 8, 96}, {1024, 42, 8, 96}, {10, 1024, 8, 96}, {42, 1024, 8, 96}, {1, 1024, 8, 96}, {40, 40, 12, 64},
        {1064, 1064, 8, 32}};
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
        attention_s8(heads, shapes[i][0], shapes[i][1], shapes[i][2], shapes[i][3], peak);
}

static void variant(const char *name) {
    uint32_t isa;
    if (!deixis_isa_named(name, &isa)) {
        fprintf(stderr,
            "bench: unknown instructions '%s': expected scalar, v128, avx2, avxvnni, avx512, avx512vnni, dotprod or "
            "i8mm\n",
            name);
        exit(64);
    }
    if (isa & ~deixis_isa_detect()) {
        printf("-- %s: skipped, this CPU has %s\n", name, deixis_isa_name(deixis_isa_detect()));
        return;
    }
    // Kernels below the rung's own are measured by naming their rung.
    byte_products(isa);
    double peak = peak_of(isa);
    printf("-- %s, peak %.1f GMAC/s\n", name, peak);
    const deixis_gemm_f32 *kernel = deixis_gemm_f32_select(isa, 64);
    static const size_t shapes[][3] = {{1024, 768, 768}, {1024, 256, 768}, {1024, 768, 256}, {1024, 2048, 256},
        {1024, 256, 2048}, {40, 768, 768}, {40, 3072, 768}, {40, 768, 3072}, {1, 768, 768}, {1024, 40, 96},
        {1000, 1000, 1000}};
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
        gemm(kernel, shapes[i][0], shapes[i][1], shapes[i][2], DEIXIS_UNARY_IDENTITY, peak);
    gemm(kernel, 40, 3072, 768, DEIXIS_UNARY_GELU, peak);
    static const size_t convs[][5] = {{512, 3, 64, 7, 2}, {128, 64, 64, 1, 1}, {128, 64, 64, 3, 1},
        {128, 64, 256, 1, 1}, {128, 256, 128, 1, 1}, {128, 128, 128, 3, 2}, {64, 128, 128, 3, 1}, {64, 128, 512, 1, 1},
        {32, 256, 256, 3, 1}, {32, 1024, 256, 1, 1}, {32, 512, 512, 3, 2}, {16, 512, 512, 3, 1}, {16, 512, 2048, 1, 1},
        {64, 512, 1024, 1, 2}};
    for (size_t i = 0; i < sizeof convs / sizeof convs[0]; i++)
        conv(kernel, convs[i][0], convs[i][1], convs[i][2], convs[i][3], convs[i][4], peak);
    const deixis_attention_f32 *heads = deixis_attention_f32_select(isa);
    attention(heads, 1024, 40, 8, 32, peak);
    attention(heads, 40, 1024, 8, 32, peak);
    attention(heads, 1024, 40, 8, 96, peak);
    attention(heads, 40, 1024, 8, 96, peak);
    attention(heads, 40, 40, 12, 64, peak);
    attention(heads, 1, 1024, 8, 96, peak);
    attention(heads, 1064, 1064, 8, 96, peak);
    small_families(isa);
    quantized_families(isa, peak);
}

int main(int count, char **arguments) {
    deixis_core_caches(&caches.l1, &caches.l2);
    if (count > 3 && !strcmp(arguments[1], "--caches")) {
        caches = (deixis_caches){strtoul(arguments[2], NULL, 10) << 10, strtoul(arguments[3], NULL, 10) << 10};
        count -= 3;
        arguments += 3;
    }
    printf("blocks for L1 %zu KiB, L2 %zu KiB\n", caches.l1 >> 10, caches.l2 >> 10);
    if (count > 1) {
        for (int i = 1; i < count; i++) variant(arguments[i]);
    } else {
        variant(deixis_isa_name(deixis_isa_detect()));
    }
}
