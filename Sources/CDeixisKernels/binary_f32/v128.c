#include "common/v128.h"

#include "binary_f32/body.h"

#include "common/end.h"
