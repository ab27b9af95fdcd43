#include "common/v128.h"

#include "layernorm_u8/body.h"

#include "common/end.h"
