// Between deixis.h and its Swift implementation; not part of the interface.
#pragma once

#include "deixis.h"

#include <stddef.h>

/// The size of deixis_grounding before it had `tokens_unknown`.
enum { DEIXIS_GROUNDING_FIRST_SIZE = offsetof(deixis_grounding, tokens_unknown) };

/// Keeps `text` (cut to 1 KiB, at a whole character) as this thread's last error.
void deixis_set_last_error(const char *text, size_t count);
