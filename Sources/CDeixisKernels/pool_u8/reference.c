#include "common/scalar.h"

#include "pool_u8/body.h"

#include "common/end.h"
