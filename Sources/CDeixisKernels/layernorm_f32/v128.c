#include "common/v128.h"

#include "layernorm_f32/body.h"

#include "common/end.h"
