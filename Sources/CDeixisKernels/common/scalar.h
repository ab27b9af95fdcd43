// One lane: what references of exact families are written with, small and not fast. Opens a region that common/end.h
// closes.
#include <math.h>
#include <stddef.h>
#include <stdint.h>

#define SIMD reference
#define LANES 1

#include "common/vector.h"

#pragma clang attribute push(__attribute__((minsize)), apply_to = function)

static inline vf v_fma(vf a, vf b, vf c) { return a * b + c; }
static inline vf v_sqrt(vf x) { return v_set(sqrtf(x[0])); }
static inline vf v_load_n(const float *p, size_t n) { return n > 0 ? v_load(p) : v_set(0); }
static inline void v_store_n(float *p, vf x, size_t n) {
    if (n > 0) v_store(p, x);
}
/// To the nearest integer, ties to even.
static inline vi v_round(vf x) { return (vi)((int32_t)rintf(x[0])); }
