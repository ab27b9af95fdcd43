#if defined(__x86_64__)
#include "common/avx2.h"

#define GEMM_ISA (DEIXIS_ISA_AVX2)
#include "attention_s8/body.h"

#include "common/end.h"
#endif
