#include "common/v128.h"

#include "pool_f32/body.h"

#include "common/end.h"
