#include "check.h"

CHECK_FAMILY(unary_f32)

static const float alpha = 0.3f, beta = 1.7f;

/// The exact value in double precision, written apart from the reference.
static double exact(int32_t f, double x) {
    switch (f) {
    case DEIXIS_UNARY_IDENTITY: return x;
    case DEIXIS_UNARY_RELU: return x < 0 ? 0 : x;
    case DEIXIS_UNARY_CLIP: return x < alpha ? alpha : x > beta ? beta : x;
    case DEIXIS_UNARY_LEAKY_RELU: return x < 0 ? (double)alpha * x : x;
    case DEIXIS_UNARY_GELU: return x == -INFINITY ? 0 : x * erfc(-x / sqrt(2)) / 2;
    case DEIXIS_UNARY_GELU_TANH:
        return x == -INFINITY ? 0 : x / (1 + exp(-2 * sqrt(0.63661977236758134308) * (x + 0.044715 * x * x * x)));
    case DEIXIS_UNARY_SIGMOID: return 1 / (1 + exp(-x));
    case DEIXIS_UNARY_TANH: return tanh(x);
    case DEIXIS_UNARY_ERF: return erf(x);
    case DEIXIS_UNARY_EXP: return exp(x);
    case DEIXIS_UNARY_SILU: return x == -INFINITY ? 0 : x / (1 + exp(-x));
    case DEIXIS_UNARY_HARD_SIGMOID:
        return fmin(fmax((double)alpha * x + beta, 0), 1) + (x - x == 0 || isinf(x) ? 0 : x);
    case DEIXIS_UNARY_HARD_SWISH: return x <= -3 ? 0 : x >= 3 ? x : x * (x / 6 + 0.5);
    case DEIXIS_UNARY_SQRT: return sqrt(x);
    case DEIXIS_UNARY_RECIPROCAL: return 1 / x;
    case DEIXIS_UNARY_NEGATE: return -x;
    case DEIXIS_UNARY_ABS: return fabs(x);
    case DEIXIS_UNARY_SQUARE: return x * x;
    case DEIXIS_UNARY_AFFINE: return (double)alpha * x + beta;
    case DEIXIS_UNARY_LOG: return log(x);
    case DEIXIS_UNARY_FLOOR: return floor(x);
    case DEIXIS_UNARY_CEIL: return ceil(x);
    case DEIXIS_UNARY_ROUND: return nearbyint(x);
    case DEIXIS_UNARY_SIGN: return x != x ? x : (x > 0) - (x < 0);
    case DEIXIS_UNARY_ELU: return x < 0 ? alpha * expm1(x) : x;
    case DEIXIS_UNARY_SELU: return beta * (x < 0 ? alpha * expm1(x) : x);
    case DEIXIS_UNARY_SOFTPLUS: return x > 700 ? x : log1p(exp(x));
    case DEIXIS_UNARY_SOFTSIGN: return isinf(x) ? copysign(1, x) : x / (1 + fabs(x));
    case DEIXIS_UNARY_MISH: return x == -INFINITY ? 0 : x * tanh(x > 700 ? x : log1p(exp(x)));
    case DEIXIS_UNARY_SIN: return sin(x);
    case DEIXIS_UNARY_COS: return cos(x);
    case DEIXIS_UNARY_TAN: return tan(x);
    case DEIXIS_UNARY_ASIN: return asin(x);
    case DEIXIS_UNARY_ACOS: return acos(x);
    case DEIXIS_UNARY_ATAN: return atan(x);
    case DEIXIS_UNARY_SINH: return sinh(x);
    case DEIXIS_UNARY_COSH: return cosh(x);
    case DEIXIS_UNARY_ASINH: return asinh(x);
    case DEIXIS_UNARY_ACOSH: return acosh(x);
    case DEIXIS_UNARY_ATANH: return atanh(x);
    default: return x > alpha ? x : 0;
    }
}

/// Bounds of unary_f32.h in ulp; of the products x s(x) where s is small, absolute.
static double ulp_bound(int32_t f) {
    switch (f) {
    case DEIXIS_UNARY_EXP: return 2;
    case DEIXIS_UNARY_TANH: case DEIXIS_UNARY_SIGMOID: case DEIXIS_UNARY_ERF: return 3;
    case DEIXIS_UNARY_GELU: case DEIXIS_UNARY_GELU_TANH: case DEIXIS_UNARY_SILU: case DEIXIS_UNARY_HARD_SWISH: return 4;
    case DEIXIS_UNARY_AFFINE: case DEIXIS_UNARY_HARD_SIGMOID: return 2;
    default: return f >= DEIXIS_UNARY_LOG ? 1 : 0.5;
    }
}

static bool passes(int32_t f, float x, float y, double want) {
    if (check_ulps(y, want) <= ulp_bound(f)) return true;
    // exp and what is made of it may flush results below the normal range.
    if (fabs(want) < 0x1p-126 && fabs(y) <= 0x1p-126) return true;
    switch (f) {
    case DEIXIS_UNARY_GELU: case DEIXIS_UNARY_GELU_TANH: case DEIXIS_UNARY_SILU: case DEIXIS_UNARY_HARD_SWISH:
        if (isinf(x) && x < 0) return fabs(y) <= 1e-37;
        return fabs(y - want) <= 3e-7 * fabs(x);
    // alpha x + beta cancels: the bound is in ulp of the larger term.
    case DEIXIS_UNARY_AFFINE:
    case DEIXIS_UNARY_HARD_SIGMOID: return fabs(y - want) <= 0x1p-23 * (fabs(alpha * x) + fabs(beta));
    default: return false;
    }
}

static void verify(check *c, const deixis_unary_f32 *kernel, const deixis_unary_f32 *reference) {
    (void)reference;
    static const float special[] = {0, -0.0f, 1, -1, INFINITY, -INFINITY, NAN, 0x1p-126f, -0x1p-126f, 0x1p-149f,
        3.4028235e38f, -3.4028235e38f, 88.7f, 88.8f, -87.3f, -87.4f, -103, -104, 105, 0.625f, -0.625f, 0.99999994f,
        3.9f, 4, -4, 9, -9, -11, -12, 20, -100, -101};
    enum { specials = sizeof special / sizeof special[0], count = 4000 + 7 };
    for (int32_t f = 0; f < DEIXIS_UNARY_COUNT; f++) {
        const deixis_activation activation = {f, alpha, beta};
        for (int wide = 0; wide < 2; wide++) {
            buffer in = check_floats(c, count, wide ? -110 : -3, wide ? 110 : 3), out = check_floats(c, count, 0, 1);
            memcpy(in.data, special, sizeof special);
            kernel->run(activation, floats(in), floats(out), count);
            for (size_t i = 0; i < count; i++) {
                float x = floats(in)[i], y = floats(out)[i];
                double want = exact(f, x);
                if (passes(f, x, y, want)) continue;
                check_fail(
                    c, "function %d of %.9g: got %.9g, expected %.9g (%.2f ulp)", f, x, y, want, check_ulps(y, want));
            }
            // In place, and every short length.
            for (size_t n = 0; n <= 35; n++) {
                buffer both = check_bytes(c, n * sizeof(float));
                memcpy(both.data, in.data, n * sizeof(float));
                kernel->run(activation, floats(both), floats(both), n);
                for (size_t i = 0; i < n; i++) {
                    float a = floats(both)[i], b = floats(out)[i];
                    if (a != b && (a == a || b == b))
                        check_fail(c, "function %d, length %zu in place: element %zu is %.9g, not %.9g", f, n, i, a, b);
                }
                check_release(c, &both, "in place");
            }
            check_release(c, &in, "x");
            check_release(c, &out, "y");
        }
    }
}
