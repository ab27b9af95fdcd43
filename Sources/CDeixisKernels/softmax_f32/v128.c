#include "common/v128.h"

#include "softmax_f32/body.h"

#include "common/end.h"
