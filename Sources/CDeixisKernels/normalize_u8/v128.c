#include "common/v128.h"

#include "normalize_u8/body.h"

#include "common/end.h"
