// Turns a family's manifest into its table and its choice. The including file has defined FAMILY and MANIFEST.
#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)

#define VARIANT(variant, isa) extern __typeof__(*((FAMILY *)0)->run) JOIN(FAMILY, _##variant);
#include MANIFEST
#undef VARIANT

static const FAMILY table[] = {
#define VARIANT(variant, bits) {.name = #variant, .isa = bits, .run = JOIN(FAMILY, _##variant)},
#include MANIFEST
#undef VARIANT
};

#include "common/choice.h"
