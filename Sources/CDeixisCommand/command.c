#include "CDeixisCommand.h"

#include <stddef.h>
#include <sys/auxv.h>
#include <sys/resource.h>

static int count;
static char **arguments;

/// The C library hands constructors what it hands `main`.
__attribute__((constructor)) static void keep(int argc, char **argv) {
    count = argc;
    arguments = argv;
}

char **deixis_arguments(int *length) {
    *length = count;
    return arguments;
}

const char *deixis_executable(void) { return (const char *)getauxval(AT_EXECFN); }

long deixis_peak_resident(void) {
    struct rusage usage;
    return getrusage(RUSAGE_SELF, &usage) == 0 ? usage.ru_maxrss : 0;
}
