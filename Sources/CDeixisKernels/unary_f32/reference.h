// The functions of unary_f32.h, one value at a time, in double precision, rounded once.
#pragma once

#include "deixis/unary_f32.h"

#include <math.h>

static inline float deixis_unary_reference(deixis_activation f, float value) {
    double x = value, alpha = f.alpha, beta = f.beta;
    switch (f.function) {
    case DEIXIS_UNARY_RELU: return value < 0 ? 0 : value;
    case DEIXIS_UNARY_CLIP: {
        float low = value < f.alpha ? f.alpha : value;
        return low > f.beta ? f.beta : low;
    }
    case DEIXIS_UNARY_LEAKY_RELU: return value < 0 ? f.alpha * value : value;
    case DEIXIS_UNARY_GELU:
        return value == -INFINITY
            ? 0
            : (float)(0.5 * x * (x < -1 ? erfc(-x * 0.70710678118654752440) : 1 + erf(x * 0.70710678118654752440)));
    case DEIXIS_UNARY_GELU_TANH:
        return value == -INFINITY ? 0
                                  : (float)(x / (1 + exp(-2 * 0.79788456080286535588 * (x + 0.044715 * x * x * x))));
    case DEIXIS_UNARY_SIGMOID: return (float)(1 / (1 + exp(-x)));
    case DEIXIS_UNARY_TANH: return (float)tanh(x);
    case DEIXIS_UNARY_ERF: return (float)erf(x);
    case DEIXIS_UNARY_EXP: return (float)exp(x);
    case DEIXIS_UNARY_SILU: return value == -INFINITY ? 0 : (float)(x / (1 + exp(-x)));
    case DEIXIS_UNARY_HARD_SIGMOID: {
        double s = alpha * x + beta;
        return (float)(s < 0 ? 0 : s > 1 ? 1 : s);
    }
    case DEIXIS_UNARY_HARD_SWISH: {
        double s = x / 6 + 0.5;
        return value == -INFINITY ? 0 : (float)(x * (s < 0 ? 0 : s > 1 ? 1 : s));
    }
    case DEIXIS_UNARY_SQRT: return sqrtf(value);
    case DEIXIS_UNARY_RECIPROCAL: return 1 / value;
    case DEIXIS_UNARY_NEGATE: return -value;
    case DEIXIS_UNARY_ABS: return fabsf(value);
    case DEIXIS_UNARY_SQUARE: return value * value;
    case DEIXIS_UNARY_AFFINE: return (float)(alpha * x + beta);
    case DEIXIS_UNARY_LOG: return (float)log(x);
    case DEIXIS_UNARY_FLOOR: return floorf(value);
    case DEIXIS_UNARY_CEIL: return ceilf(value);
    case DEIXIS_UNARY_ROUND: return rintf(value);
    case DEIXIS_UNARY_SIGN: return value > 0 ? 1 : value < 0 ? -1 : value;
    case DEIXIS_UNARY_ELU: return (float)(x < 0 ? alpha * expm1(x) : x);
    case DEIXIS_UNARY_SELU: return (float)(beta * (x < 0 ? alpha * expm1(x) : x));
    case DEIXIS_UNARY_SOFTPLUS: return (float)(x > 0 ? x + log1p(exp(-x)) : log1p(exp(x)));
    case DEIXIS_UNARY_SOFTSIGN: return isinf(value) ? copysignf(1, value) : (float)(x / (1 + fabs(x)));
    case DEIXIS_UNARY_MISH:
        return value == -INFINITY ? 0 : (float)(x * tanh(x > 0 ? x + log1p(exp(-x)) : log1p(exp(x))));
    case DEIXIS_UNARY_SIN: return (float)sin(x);
    case DEIXIS_UNARY_COS: return (float)cos(x);
    case DEIXIS_UNARY_TAN: return (float)tan(x);
    case DEIXIS_UNARY_ASIN: return (float)asin(x);
    case DEIXIS_UNARY_ACOS: return (float)acos(x);
    case DEIXIS_UNARY_ATAN: return (float)atan(x);
    case DEIXIS_UNARY_SINH: return (float)sinh(x);
    case DEIXIS_UNARY_COSH: return (float)cosh(x);
    case DEIXIS_UNARY_ASINH: return (float)asinh(x);
    case DEIXIS_UNARY_ACOSH: return (float)acosh(x);
    case DEIXIS_UNARY_ATANH: return (float)atanh(x);
    case DEIXIS_UNARY_THRESHOLDED_RELU: return value > f.alpha ? value : 0;
    default: return value;
    }
}
