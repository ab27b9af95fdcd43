#include "requantize.h"

CHECK_FAMILY(gemm_s8)

static const size_t sizes[] = {
    1, 2, 3, 4, 5, 6, 7, 8, 13, 15, 16, 17, 31, 33, 47, 48, 49, 63, 64, 65, 70, 100, 128, 129};

/// One random product, in ranges, against its sums.
static void product(check *c, const deixis_gemm_s8 *kernel, size_t m, size_t n, size_t k, int round) {
    // In place: B as it stands.
    const bool transposed = round % 2, standing = round % 4 == 0 && deixis_gemm_s8_takes_rows(kernel, k);
    const size_t lda = k + check_random(c) % 3, ldc = n + check_random(c) % 3,
                 ldb = (transposed ? k : n) + check_random(c) % 3;
    const ptrdiff_t row_stride = transposed ? 1 : (ptrdiff_t)ldb, column_stride = transposed ? (ptrdiff_t)ldb : 1;
    requantized r = requantize_pick(c, n, k, round);
    const size_t c_size = r.q.output_type == DEIXIS_S8_F32 ? 4 : 1, r_size = r.q.residual_type == DEIXIS_S8_F32 ? 4 : 1;
    const bool in_place = r.q.residual_type == r.q.output_type && round % 2,
               has_residual = r.q.residual_type && round % 11;
    const size_t ldr = in_place ? ldc : n + check_random(c) % 3, r_count = (m - 1) * ldr + n;
    buffer a = check_random_bytes(c, (m - 1) * lda + k),
           b = check_random_bytes(c, k ? (transposed ? (n - 1) * ldb + k : (k - 1) * ldb + n) : 0);
    buffer out = check_bytes(c, ((m - 1) * ldc + n) * c_size);
    buffer residual = r_size == 4 ? check_floats(c, r_count, -100, 100) : check_random_bytes(c, r_count);
    // A whole number of lines, so that its start is aligned.
    buffer packed = check_bytes(c, (deixis_gemm_s8_packed_size(kernel, k, n) + 63) / 64 * 64);
    const size_t panels = deixis_gemm_s8_panels(kernel, n), half = panels / 2;
    deixis_gemm_s8_pack(
        kernel, (const int8_t *)b.data, row_stride, column_stride, k, n, half, panels, (int8_t *)packed.data);
    deixis_gemm_s8_pack(
        kernel, (const int8_t *)b.data, row_stride, column_stride, k, n, 0, half, (int8_t *)packed.data);
    deixis_gemm_s8_args args = {m, n, k, bytes_of(a), (ptrdiff_t)lda, (const int8_t *)packed.data, 0, out.data,
        (ptrdiff_t)ldc, has_residual ? residual.data : NULL, (ptrdiff_t)ldr, r.q, check_caches(c)};
    if (standing) {
        args.b = (const int8_t *)b.data;
        args.b_row = row_stride;
    }
    if (in_place && has_residual) {
        memcpy(out.data, residual.data, out.size);
        args.residual = args.c;
    }
    const size_t m_split = check_random(c) % (m + 1), n_split = half * kernel->nr < n ? half * kernel->nr : n;
    deixis_gemm_s8_run(kernel, &args, 0, m_split, 0, n_split);
    deixis_gemm_s8_run(kernel, &args, m_split, m, 0, n_split);
    deixis_gemm_s8_run(kernel, &args, 0, m, n_split, n);
    for (size_t i = 0; i < m && !c->failed; i++) {
        for (size_t j = 0; j < n; j++) {
            int32_t sum = 0;
            for (size_t x = 0; x < k; x++)
                sum += bytes_of(a)[i * lda + x] *
                    ((const int8_t *)b.data)[(ptrdiff_t)x * row_stride + (ptrdiff_t)j * column_stride];
            if (!requantize_equal(c, &r.q, j, sum, has_residual ? residual.data : NULL, i * ldr + j, out.data,
                    i * ldc + j, "gemm_s8"))
                break;
        }
    }
    if (c->failed && !strstr(c->message, "m = ")) {
        const size_t length = strlen(c->message);
        snprintf(c->message + length, c->capacity - length, " (m = %zu, n = %zu, k = %zu, round %d)", m, n, k, round);
    }
    buffer *all[] = {&a, &b, &out, &residual, &packed, &r.offset, &r.multiplier, &r.cuts};
    for (int i = 0; i < 8; i++) check_release(c, all[i], "gemm_s8");
}

static void verify(check *c, const deixis_gemm_s8 *kernel, const deixis_gemm_s8 *reference) {
    (void)reference;
    enum { count = sizeof sizes / sizeof sizes[0] };
    for (int round = 0; round < 300 && !c->failed; round++)
        product(
            c, kernel, check_pick(c, count, sizes), check_pick(c, count, sizes), check_pick(c, count, sizes), round);
    // Every tile shape with every kind of tail; deep sums; more rows than a block; nothing to add up.
    for (size_t m = 1; m <= kernel->mr; m++) {
        for (size_t n = 1; n <= kernel->nr; n += n % 5 + 1) product(c, kernel, m, n, 9, (int)(m * 7 + n));
        for (int round = 0; round < 12; round++) product(c, kernel, m, kernel->nr, 11, round);
        for (size_t n = 1; n <= 2 * kernel->nr; n += n % 7 + 1) product(c, kernel, m, n, 12, (int)(4 * n));
    }
    static const size_t deep[] = {511, 512, 513, 1100, 4608};
    for (int i = 0; i < 5; i++) product(c, kernel, 7, 70, deep[i], 40 + i);
    product(c, kernel, 500, 5, 700, 2);
    product(c, kernel, 500, 66, 3, 3);
    for (int i = 0; i < 5; i++) product(c, kernel, 5, 9, 0, i);
}
