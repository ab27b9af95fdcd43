// The loops for baseline: see kernels.inc.h.
#define _GNU_SOURCE
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "include/CDeixisTensor.h"

#pragma clang fp contract(fast)
#define VB 16
#define GEMM_ROWS 4

#define T float
#define T_IS_DOUBLE 0
#define SQRT sqrtf
#define FN(name) f32_baseline_##name
#include "kernels.inc.h"
const dxt_kernels *const dxt_table_f32_baseline = &FN(table);
#include "undefine.inc.h"

#define T double
#define T_IS_DOUBLE 1
#define SQRT sqrt
#define FN(name) f64_baseline_##name
#include "kernels.inc.h"
const dxt_kernels *const dxt_table_f64_baseline = &FN(table);
#include "undefine.inc.h"
