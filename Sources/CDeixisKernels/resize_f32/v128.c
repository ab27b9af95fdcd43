#include "common/v128.h"

#include "resize_f32/body.h"

#include "common/end.h"
