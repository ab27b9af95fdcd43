#if defined(__x86_64__)
#include "common/avx512vnni.h"

#define GEMM_ISA (DEIXIS_ISA_AVX512 | DEIXIS_ISA_AVX512VNNI)
#include "attention_s8/body.h"

#include "common/end.h"
#endif
