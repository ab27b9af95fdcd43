#include "common/v128.h"

#include "gemm_f32/body.h"

#include "common/end.h"
