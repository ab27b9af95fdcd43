// Ends a family's variants.c: what its `table`, best first, gives to callers. The including file has defined FAMILY.
#ifndef JOIN
#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)
#endif

const FAMILY *JOIN(FAMILY, _variants)(size_t *count) {
    *count = sizeof table / sizeof table[0];
    return table;
}

const FAMILY *JOIN(FAMILY, _select)(uint32_t isa) {
    const FAMILY *variant = table;
    while ((variant->isa & isa) != variant->isa) variant++;
    return variant;
}
