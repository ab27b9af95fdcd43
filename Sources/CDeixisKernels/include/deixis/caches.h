// The caches that block sizes follow: how much of an operand is worked on at a time, so that it is still near when it
// is read again. Results of bytes do not depend on them; sums of floats are taken in other parts, within their bounds.
#pragma once

#include <stddef.h>

/// Bytes of data caches that one core has to itself.
typedef struct deixis_caches {
    size_t l1, l2;
} deixis_caches;
