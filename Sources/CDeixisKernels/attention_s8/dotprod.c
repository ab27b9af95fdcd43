#if defined(__aarch64__)
#define SIMD dotprod
#include "common/v128.h"

#define GEMM_ISA (DEIXIS_ISA_DOTPROD)
#include "attention_s8/body.h"

#include "common/end.h"
#endif
