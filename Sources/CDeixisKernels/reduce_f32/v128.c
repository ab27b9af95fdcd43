#include "common/v128.h"

#include "reduce_f32/body.h"

#include "common/end.h"
