// One loop per function: vectors, then one partial vector.

#include "common/math.h"
#include "deixis/unary_f32.h"

extern void deixis_unary_f32_reference(deixis_activation f, const float *x, float *y, size_t count);

#define LOOP(expression) \
    do { \
        size_t i = 0; \
        for (; i + LANES <= count; i += LANES) { \
            vf x = v_load(in + i); \
            v_store(out + i, expression); \
        } \
        if (i < count) { \
            vf x = v_load_n(in + i, count - i); \
            v_store_n(out + i, expression, count - i); \
        } \
    } while (0)

static inline vf v_clip(vf x, float low, float high) { return v_min(v_set(high), v_max(v_set(low), x)); }

void VARIANT_NAME(deixis_unary_f32)(deixis_activation f, const float *in, float *out, size_t count) {
    const vf alpha = v_set(f.alpha), beta = v_set(f.beta);
    switch (f.function) {
    case DEIXIS_UNARY_IDENTITY: LOOP(x); break;
    case DEIXIS_UNARY_RELU: LOOP(v_max(v_set(0), x)); break;
    case DEIXIS_UNARY_CLIP: LOOP(v_clip(x, f.alpha, f.beta)); break;
    case DEIXIS_UNARY_LEAKY_RELU: LOOP(x < v_set(0) ? alpha * x : x); break;
    case DEIXIS_UNARY_GELU: LOOP(v_gelu(x)); break;
    case DEIXIS_UNARY_GELU_TANH: LOOP(v_gelu_tanh(x)); break;
    case DEIXIS_UNARY_SIGMOID: LOOP(v_sigmoid(x)); break;
    case DEIXIS_UNARY_TANH: LOOP(v_tanh(x)); break;
    case DEIXIS_UNARY_ERF: LOOP(v_erf(x)); break;
    case DEIXIS_UNARY_EXP: LOOP(v_exp(x)); break;
    case DEIXIS_UNARY_SILU: LOOP(v_silu(x)); break;
    case DEIXIS_UNARY_HARD_SIGMOID: LOOP(v_clip(v_fma(alpha, x, beta), 0, 1)); break;
    case DEIXIS_UNARY_HARD_SWISH: {
        // -infinity times 0 must be 0.
        LOOP(v_max(v_set(-4), x) * v_clip(v_fma(x, v_set(1.0f / 6), v_set(0.5f)), 0, 1));
        break;
    }
    case DEIXIS_UNARY_SQRT: LOOP(v_sqrt(x)); break;
    case DEIXIS_UNARY_RECIPROCAL: LOOP(v_set(1) / x); break;
    case DEIXIS_UNARY_NEGATE: LOOP(-x); break;
    case DEIXIS_UNARY_ABS: LOOP(v_abs(x)); break;
    case DEIXIS_UNARY_SQUARE: LOOP(x * x); break;
    case DEIXIS_UNARY_AFFINE: LOOP(v_fma(alpha, x, beta)); break;
    default: deixis_unary_f32_reference(f, in, out, count); break;
    }
}
