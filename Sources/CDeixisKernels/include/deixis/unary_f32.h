// Elementwise functions y = f(x), also the activations that gemm and conv apply to their results.
#pragma once

#include <stddef.h>
#include <stdint.h>

/// Max error against the exact value in units in the last place (ulp), for every variant: exp 2, log 2, tanh 3, sigmoid
/// 3, erf 3, sqrt and reciprocal 0.5, the exact ones 0. The products x s(x) of gelu, silu and hard swish stay within 4
/// ulp or 3e-7 |x|, whichever is more; alpha x + beta within one ulp of its larger term. Functions marked (libm) run
/// element by element through libm. NaN gives NaN, infinities give the limits. Results below the smallest normal may be
/// flushed to 0 by exp.
enum deixis_unary {
    DEIXIS_UNARY_IDENTITY = 0,
    DEIXIS_UNARY_RELU = 1,          // max(x, 0)
    DEIXIS_UNARY_CLIP = 2,          // min(max(x, alpha), beta)
    DEIXIS_UNARY_LEAKY_RELU = 3,    // x < 0 ? alpha x : x
    DEIXIS_UNARY_GELU = 4,          // x/2 (1 + erf(x / sqrt 2))
    DEIXIS_UNARY_GELU_TANH = 5,     // x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))
    DEIXIS_UNARY_SIGMOID = 6,       // 1 / (1 + e^-x)
    DEIXIS_UNARY_TANH = 7,
    DEIXIS_UNARY_ERF = 8,
    DEIXIS_UNARY_EXP = 9,
    DEIXIS_UNARY_SILU = 10,         // x sigmoid(x)
    DEIXIS_UNARY_HARD_SIGMOID = 11, // min(max(alpha x + beta, 0), 1)
    DEIXIS_UNARY_HARD_SWISH = 12,   // x min(max(x/6 + 1/2, 0), 1)
    DEIXIS_UNARY_SQRT = 13,
    DEIXIS_UNARY_RECIPROCAL = 14,   // 1 / x
    DEIXIS_UNARY_NEGATE = 15,
    DEIXIS_UNARY_ABS = 16,
    DEIXIS_UNARY_SQUARE = 17,
    DEIXIS_UNARY_AFFINE = 18,       // alpha x + beta
    DEIXIS_UNARY_LOG = 19,          // (libm) and all that follow
    DEIXIS_UNARY_FLOOR = 20,
    DEIXIS_UNARY_CEIL = 21,
    DEIXIS_UNARY_ROUND = 22,        // half to even
    DEIXIS_UNARY_SIGN = 23,         // -1, 0, 1; NaN for NaN
    DEIXIS_UNARY_ELU = 24,          // x < 0 ? alpha (e^x - 1) : x
    DEIXIS_UNARY_SELU = 25,         // beta (x < 0 ? alpha (e^x - 1) : x)
    DEIXIS_UNARY_SOFTPLUS = 26,     // log(1 + e^x)
    DEIXIS_UNARY_SOFTSIGN = 27,     // x / (1 + |x|)
    DEIXIS_UNARY_MISH = 28,         // x tanh(softplus(x))
    DEIXIS_UNARY_SIN = 29,
    DEIXIS_UNARY_COS = 30,
    DEIXIS_UNARY_TAN = 31,
    DEIXIS_UNARY_ASIN = 32,
    DEIXIS_UNARY_ACOS = 33,
    DEIXIS_UNARY_ATAN = 34,
    DEIXIS_UNARY_SINH = 35,
    DEIXIS_UNARY_COSH = 36,
    DEIXIS_UNARY_ASINH = 37,
    DEIXIS_UNARY_ACOSH = 38,
    DEIXIS_UNARY_ATANH = 39,
    DEIXIS_UNARY_THRESHOLDED_RELU = 40, // x > alpha ? x : 0; 0 for NaN
    DEIXIS_UNARY_COUNT = 41,
};

/// Which function, with its parameters; alpha and beta mean something only where the list above names them.
typedef struct deixis_activation {
    int32_t function;   // enum deixis_unary
    float alpha, beta;
} deixis_activation;

typedef struct deixis_unary_f32 {
    const char *name;
    uint32_t isa;
    /// y[i] = f(x[i]) for i in [0, count); y may be x.
    void (*run)(deixis_activation f, const float *x, float *y, size_t count);
} deixis_unary_f32;

/// All variants, best first, reference last.
const deixis_unary_f32 *deixis_unary_f32_variants(size_t *count);
/// The first variant that `isa` allows.
const deixis_unary_f32 *deixis_unary_f32_select(uint32_t isa);
