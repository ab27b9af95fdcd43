#include "common/v128.h"

#include "winograd_f32/body.h"

#include "common/end.h"
