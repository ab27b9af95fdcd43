#if defined(__x86_64__)
#include "common/avx512.h"

#define GEMM_ISA (DEIXIS_ISA_AVX512)
#include "attention_s8/body.h"

#include "common/end.h"
#endif
