#include "common/v128.h"

#include "letterbox_u8/body.h"

#include "common/end.h"
