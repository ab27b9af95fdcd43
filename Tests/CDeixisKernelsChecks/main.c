// The checks as a program:  checks            all variants that this CPU runs, and which it cannot; exit code 1 when
// one fails
//                           checks --list     what would run
#include "CDeixisKernels.h"
#include "CDeixisKernelsChecks.h"

#include <stdio.h>
#include <string.h>

int main(int count, char **arguments) {
    const bool list = count > 1 && !strcmp(arguments[1], "--list");
    uint32_t isa = deixis_isa_detect();
    printf("isa %s\n", deixis_isa_name(isa));
    size_t families;
    const deixis_check *checks = deixis_checks(&families);
    int of[3] = {0};
    for (size_t i = 0; i < families; i++) {
        for (size_t v = 0; v < checks[i].variants(); v++) {
            if (list) {
                if (!(checks[i].isa(v) & ~isa)) printf("%s %s\n", checks[i].family, checks[i].name(v));
                continue;
            }
            char message[512] = "";
            const deixis_outcome outcome = checks[i].run(v, message, sizeof message);
            of[outcome]++;
            if (outcome)
                printf("%s %s %s: %s\n", outcome == DEIXIS_FAILED ? "FAIL" : "SKIP", checks[i].family,
                    checks[i].name(v), message);
            fflush(stdout);
        }
    }
    if (!list) printf("%d passed, %d failed, %d skipped\n", of[DEIXIS_PASSED], of[DEIXIS_FAILED], of[DEIXIS_SKIPPED]);
    return of[DEIXIS_FAILED] > 0;
}
