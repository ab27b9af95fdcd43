// Ends one instantiation of kernels.inc.h.
#undef T
#undef T_IS_DOUBLE
#undef SQRT
#undef FN
#undef VL
#undef NR
#undef MR
#undef KC
#undef NC
#undef MC
#undef INTERLEAVE_FIRST
#undef INTERLEAVE_SECOND
#undef RESTRICT
#undef REASSOCIATE
#undef IN_PLACE
#undef IN_PLACE_EXP
