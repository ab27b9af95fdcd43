// Float vectors of LANES lanes, the same words on every instruction set. One set per translation unit: an ISA file
// includes common/<isa>.h, then a family's body.h, then common/end.h.

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wunused-function"

#define V_JOIN_(a, b) a##_##b
#define V_JOIN(a, b) V_JOIN_(a, b)
/// name_<isa>
#define VARIANT_NAME(name) V_JOIN(name, SIMD)

typedef float vf __attribute__((ext_vector_type(LANES)));
typedef int32_t vi __attribute__((ext_vector_type(LANES)));

static inline vf v_set(float x) { return (vf)(x); }
static inline vf v_load(const float *p) {
    vf x;
    __builtin_memcpy(&x, p, sizeof x);
    return x;
}
static inline void v_store(float *p, vf x) { __builtin_memcpy(p, &x, sizeof x); }
/// a > b ? a : b, so b where either is NaN.
static inline vf v_max(vf a, vf b) { return a > b ? a : b; }
static inline vf v_min(vf a, vf b) { return a < b ? a : b; }
static inline vf v_abs(vf x) { return (vf)((vi)x & 0x7fffffff); }
/// |x| with the sign of s.
static inline vf v_copysign(vf x, vf s) { return (vf)(((vi)x & 0x7fffffff) | ((vi)s & (int32_t)0x80000000)); }
static inline float v_sum(vf x) {
    float parts[LANES], sum = 0;
    v_store(parts, x);
    for (int width = LANES / 2; width > 0; width /= 2) {
        for (int i = 0; i < width; i++) parts[i] += parts[i + width];
    }
    sum = parts[0];
    return sum;
}
/// The largest lane; NaN if one is.
static inline float v_highest(vf x) {
    float parts[LANES], highest;
    v_store(parts, x);
    highest = parts[0];
    for (int i = 1; i < LANES; i++) highest = parts[i] > highest || parts[i] != parts[i] ? parts[i] : highest;
    return highest;
}
/// NaN where either is.
static inline vf v_max_nan(vf a, vf b) { return a != a ? a : v_max(a, b); }
static inline vf v_min_nan(vf a, vf b) { return a != a ? a : v_min(a, b); }
