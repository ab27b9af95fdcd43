#if defined(__aarch64__)
#define SIMD i8mm
#include "common/v128.h"

#define GEMM_ISA (DEIXIS_ISA_DOTPROD | DEIXIS_ISA_I8MM)
#include "attention_s8/body.h"

#include "common/end.h"
#endif
