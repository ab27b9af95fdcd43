// Elementary functions on vectors. Coefficients come from tools/oracles/kernel_polynomials.py; the errors stated in
// unary_f32.h are tested.

/// p[0] + p[1] x + ... by Horner's rule.
#define V_POLYNOMIAL(x, ...) \
    ({ \
        const float c_[] = {__VA_ARGS__}; \
        enum { n_ = sizeof c_ / sizeof c_[0] }; \
        vf r_ = v_set(c_[n_ - 1]); \
        _Pragma("clang loop unroll(full)") for (int i_ = n_ - 2; i_ >= 0; i_--) r_ = v_fma(r_, x, v_set(c_[i_])); \
        r_; \
    })

/// e^x = 2^n e^r, n = round(x / ln 2), |r| <= ln 2 / 2. Results below the smallest normal are 0: subnormals are slow,
/// and softmax meets them.
static inline vf v_exp(vf x) {
    // Adding 1.5 * 2^23 rounds to an integer, which then sits in the low bits.
    const vf magic = v_set(12582912);
    vf shifted = v_fma(x, v_set(0x1.715476p+0f), magic);
    vf n = shifted - magic;
    vf r = v_fma(n, v_set(-0x1.62e4p-1f), x);       // 15 bits of ln 2: the product is exact
    r = v_fma(n, v_set(-0x1.7f7d1cp-20f), r);
    vf p = V_POLYNOMIAL(r, 0x1.fffffcp-2f, 0x1.555492p-3f, 0x1.5558bcp-5f, 0x1.1239c6p-7f, 0x1.6a4154p-10f);
    vf y = v_fma(p, r * r, r) + v_set(1);
    // n joins the exponent. Beyond the bounds, the last floats with normal results, y is anything; the sum is infinity
    // or NaN.
    y = (vf)((vi)y + ((vi)shifted << 23));
    y = x < v_set(-0x1.5d589ep+6f) ? v_set(0) : y;
    return x <= v_set(0x1.62e42ep+6f) ? y : x + v_set(__builtin_inff());
}

static inline vf v_sigmoid(vf x) { return v_set(1) / (v_set(1) + v_exp(-x)); }

static inline vf v_tanh(vf x) {
    vf a = v_abs(x), z = x * x;
    vf p = V_POLYNOMIAL(z, -0x1.555532p-2f, 0x1.1106f6p-3f, -0x1.b835a4p-5f, 0x1.51f8cep-6f, -0x1.750ce2p-8f);
    vf small = v_fma(p * z, x, x);
    vf large = v_set(1) - v_set(2) / (v_exp(a + a) + v_set(1));
    return a < v_set(0.625f) ? small : v_copysign(large, x);
}

static inline vf v_erf(vf x) {
    vf a = v_abs(x), z = x * x;
    vf p = V_POLYNOMIAL(z, 0x1.06eba8p-3f, -0x1.81273ep-2f, 0x1.ce2ce6p-4f, -0x1.b7f71ap-6f, 0x1.53f224p-8f,
        -0x1.a3515ep-11f, 0x1.4771fcp-14f);
    vf small = v_fma(p, x, x);
    // erf rounds to 1 from 3.92 on. NaN passes.
    vf b = v_min(v_set(4), a);
    vf q = V_POLYNOMIAL(b, 0x1.075d56p-3f, 0x1.455694p-1f, 0x1.b0b24p-4f, -0x1.79d324p-6f, 0x1.9ea064p-9f,
        -0x1.152bb6p-13f, -0x1.f239dep-16f, 0x1.eafde6p-19f);
    vf large = v_set(1) - v_exp(-v_fma(q, b, b));
    return a < v_set(1) ? small : v_copysign(large, x);
}

// Below -11 gelu is 0 in float; the clamps keep -infinity * 0 from being NaN.
static inline vf v_gelu(vf x) {
    vf b = v_max(v_set(-11), x);
    return b * v_fma(v_set(0.5f), v_erf(b * v_set(0.70710678f)), v_set(0.5f));
}
static inline vf v_gelu_tanh(vf x) {
    vf b = v_max(v_set(-11), x);
    vf u = v_set(-1.5957691f) * v_fma(v_set(0.044715f) * b, b * b, b);
    return b / (v_set(1) + v_exp(u));
}
static inline vf v_silu(vf x) {
    vf b = v_max(v_set(-100), x);
    return b / (v_set(1) + v_exp(-b));
}
