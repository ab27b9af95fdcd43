#include "common/v128.h"

#define GEMM_ISA (DEIXIS_ISA_V128)
#include "attention_s8/body.h"

#include "common/end.h"
