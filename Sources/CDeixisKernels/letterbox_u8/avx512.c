#if defined(__x86_64__)
#include "common/avx512.h"

#include "letterbox_u8/body.h"

#include "common/end.h"
#endif
