// The loops for avx512: see kernels.inc.h.
#define _GNU_SOURCE
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "include/CDeixisTensor.h"

#if defined(__x86_64__)
#pragma clang attribute push( \
    __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma"))), apply_to = function)
#pragma clang fp contract(fast)
#define VB 64
#define GEMM_ROWS 8

#define T float
#define T_IS_DOUBLE 0
#define SQRT sqrtf
#define FN(name) f32_avx512_##name
#include "kernels.inc.h"
const dxt_kernels *const dxt_table_f32_avx512 = &FN(table);
#include "undefine.inc.h"

#define T double
#define T_IS_DOUBLE 1
#define SQRT sqrt
#define FN(name) f64_avx512_##name
#include "kernels.inc.h"
const dxt_kernels *const dxt_table_f64_avx512 = &FN(table);
#include "undefine.inc.h"

#pragma clang attribute pop
#endif
