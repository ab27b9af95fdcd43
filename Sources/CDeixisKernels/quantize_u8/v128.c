#include "common/v128.h"

#include "quantize_u8/body.h"

#include "common/end.h"
