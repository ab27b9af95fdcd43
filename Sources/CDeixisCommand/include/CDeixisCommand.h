// What a command needs of the C library that Swift takes from /proc instead, which sandboxes may not have.
#pragma once

/// The program's arguments as `main` got them, its name first; a null ends them.
char **deixis_arguments(int *count);

/// The path that this program was started by, as the kernel keeps it; null where it does not.
const char *deixis_executable(void);

/// The most memory that this process has had in RAM, in KiB.
long deixis_peak_resident(void);
