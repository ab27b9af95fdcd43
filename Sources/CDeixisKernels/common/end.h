// Closes what common/<isa>.h opened; the baseline needs no attribute.
#if LANES > 4 || LANES == 1
#pragma clang attribute pop
#endif
#pragma clang diagnostic pop
