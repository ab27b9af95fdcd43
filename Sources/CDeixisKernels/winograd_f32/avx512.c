#if defined(__x86_64__)
#include "common/avx512.h"

#include "winograd_f32/body.h"

#include "common/end.h"
#endif
