#if defined(__x86_64__)
#include "common/avx2.h"

#include "resize_f32/body.h"

#include "common/end.h"
#endif
