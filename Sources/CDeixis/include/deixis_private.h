// Between deixis.h and its Swift implementation; not part of the interface.
#pragma once

#include <stddef.h>

/// Keeps `text` (cut to 1 KiB, at a whole character) as this thread's last error.
void deixis_set_last_error(const char *text, size_t count);
