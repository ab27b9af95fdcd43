#include "check.h"

CHECK_FAMILY(gemm_f32)

static const size_t sizes[] = {1, 2, 3, 5, 6, 7, 8, 13, 15, 16, 17, 31, 33, 47, 48, 49, 63, 64, 65, 70, 100, 129};

/// One random product, whole and split, packed and unpacked, against sums in double precision.
static void product(check *c, const deixis_gemm_f32 *kernel, size_t m, size_t n, size_t k, int round) {
    bool transposed = round % 2;
    size_t lda = k + check_random(c) % 3, ldc = n + check_random(c) % 3,
           ldb = (transposed ? k : n) + check_random(c) % 3;
    ptrdiff_t row_stride = transposed ? 1 : (ptrdiff_t)ldb, column_stride = transposed ? (ptrdiff_t)ldb : 1;
    buffer a = check_floats(c, (m - 1) * lda + k, -1, 1);
    buffer b = check_floats(c, k ? (transposed ? (n - 1) * ldb + k : (k - 1) * ldb + n) : 0, -1, 1);
    buffer out = check_floats(c, (m - 1) * ldc + n, -1, 1), residual = check_floats(c, (m - 1) * ldc + n, -1, 1),
           bias = check_floats(c, n, -1, 1);
    buffer packed = check_bytes(c, deixis_gemm_f32_packed_size(kernel, k, n) * 4);
    buffer scratch = check_bytes(c, deixis_gemm_f32_unpacked_scratch(kernel, k) * 4);
    size_t panels = deixis_gemm_f32_panels(kernel, n), half = panels / 2;
    deixis_gemm_f32_pack(kernel, floats(b), row_stride, column_stride, k, n, half, panels, floats(packed));
    deixis_gemm_f32_pack(kernel, floats(b), row_stride, column_stride, k, n, 0, half, floats(packed));
    static const int32_t functions[] = {
        DEIXIS_UNARY_IDENTITY, DEIXIS_UNARY_RELU, DEIXIS_UNARY_CLIP, DEIXIS_UNARY_GELU, DEIXIS_UNARY_SIGMOID};
    deixis_gemm_f32_args args = {m, n, k, floats(a), (ptrdiff_t)lda, floats(packed), floats(out), (ptrdiff_t)ldc,
                                 round % 3 ? floats(bias) : NULL, round % 4 ? floats(residual) : NULL, (ptrdiff_t)ldc,
                                 {functions[round % 5], -0.5f, 0.75f}, check_caches(c)};
    // A NaN and an infinity spoil their row and nothing else.
    size_t spoiled = m;
    if (round % 8 == 7 && k > 0) {
        spoiled = check_random(c) % m;
        floats(a)[spoiled * lda + check_random(c) % k] = NAN;
    }
    buffer kept = check_bytes(c, out.size);
    memcpy(kept.data, residual.data, out.size);
    bool in_place = args.residual && round % 4 == 1;
    if (in_place) {
        memcpy(out.data, residual.data, out.size);
        args.residual = args.c;
    }
    size_t m_split = check_random(c) % (m + 1), n_split = half * kernel->nr < n ? half * kernel->nr : n;
    if (round % 6 == 5) {
        args.b = floats(b);
        deixis_gemm_f32_run_unpacked(kernel, &args, row_stride, column_stride, 0, m, 0, n, floats(scratch));
    } else {
        deixis_gemm_f32_run(kernel, &args, 0, m_split, 0, n_split);
        deixis_gemm_f32_run(kernel, &args, m_split, m, 0, n_split);
        deixis_gemm_f32_run(kernel, &args, 0, m, n_split, n);
    }
    for (size_t i = 0; i < m; i++) {
        for (size_t j = 0; j < n; j++) {
            double sum = args.bias ? floats(bias)[j] : 0, size = fabs(sum);
            if (args.residual) {
                sum += floats(kept)[i * ldc + j];
                size += fabs(floats(kept)[i * ldc + j]);
            }
            for (size_t x = 0; x < k; x++) {
                double term = (double)floats(a)[i * lda + x] *
                    floats(b)[(ptrdiff_t)x * row_stride + (ptrdiff_t)j * column_stride];
                sum += term;
                size += fabs(term);
            }
            double bound = 0x1p-23 * (double)(k + 2) * size;
            switch (args.activation.function) {
            case DEIXIS_UNARY_RELU: sum = sum < 0 ? 0 : sum; break;
            case DEIXIS_UNARY_CLIP: sum = sum < -0.5f ? -0.5f : sum > 0.75f ? 0.75f : sum; break;
            case DEIXIS_UNARY_GELU:
                sum = 0.5 * sum * (1 + erf(sum * 0.70710678118654752440));
                bound = 1.2 * bound + 1e-6 * (1 + fabs(sum));
                break;
            case DEIXIS_UNARY_SIGMOID: sum = 1 / (1 + exp(-sum)); bound += 1e-6; break;
            default: break;
            }
            if (i == spoiled) sum = NAN;
            check_close(c, floats(out)[i * ldc + j], sum, bound, "gemm", i * n + j);
        }
    }
    if (c->failed && !strstr(c->message, "m = ")) {
        size_t length = strlen(c->message);
        snprintf(c->message + length, c->capacity - length, " (m = %zu, n = %zu, k = %zu, round %d)", m, n, k, round);
    }
    buffer *all[] = {&a, &b, &out, &residual, &bias, &packed, &scratch, &kept};
    for (int i = 0; i < 8; i++) check_release(c, all[i], "gemm");
}

static void verify(check *c, const deixis_gemm_f32 *kernel, const deixis_gemm_f32 *reference) {
    (void)reference;
    enum { count = sizeof sizes / sizeof sizes[0] };
    for (int round = 0; round < 240 && !c->failed; round++)
        product(
            c, kernel, check_pick(c, count, sizes), check_pick(c, count, sizes), check_pick(c, count, sizes), round);
    // Every tile shape; depths that take several steps; more rows than a block; nothing to add up.
    for (size_t m = 1; m <= kernel->mr; m++) {
        for (size_t n = 1; n <= kernel->nr; n += n % 5 + 1) product(c, kernel, m, n, 9, (int)(m * 7 + n));
    }
    static const size_t deep[] = {511, 512, 513, 1100, 2049};
    for (int i = 0; i < 5; i++) product(c, kernel, 7, 70, deep[i], 40 + i);
    product(c, kernel, 500, 5, 700, 2);
    product(c, kernel, 500, 66, 3, 3);
    for (int i = 0; i < 5; i++) product(c, kernel, 5, 9, 0, i);
}
