#include "deixis/unary_f32.h"

#include "unary_f32/reference.h"

void deixis_unary_f32_reference(deixis_activation f, const float *x, float *y, size_t count) {
    for (size_t i = 0; i < count; i++) y[i] = deixis_unary_reference(f, x[i]);
}
