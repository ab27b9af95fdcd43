#include "common/v128.h"

#include "unary_f32/body.h"

#include "common/end.h"
