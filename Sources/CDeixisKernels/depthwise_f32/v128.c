#include "common/v128.h"

#include "depthwise_f32/body.h"

#include "common/end.h"
