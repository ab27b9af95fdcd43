#if defined(__x86_64__)
#include "common/avxvnni.h"

#define GEMM_ISA (DEIXIS_ISA_AVX2 | DEIXIS_ISA_AVXVNNI)
#include "attention_s8/body.h"

#include "common/end.h"
#endif
