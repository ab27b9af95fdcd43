#include "common/v128.h"

#include "depthwise_s8/body.h"

#include "common/end.h"
