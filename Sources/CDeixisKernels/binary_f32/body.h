// Rows of vectors; an operand with step 0 is one vector for the row.

#include "deixis/binary_f32.h"

extern void deixis_binary_f32_reference(int32_t op, const float *a, ptrdiff_t a_row, size_t a_step, const float *b,
    ptrdiff_t b_row, size_t b_step, float *y, ptrdiff_t y_row, size_t rows, size_t count);

#define LOOP(expression) \
    do { \
        for (size_t r = 0; r < rows; r++, pa += a_row, pb += b_row, py += y_row) { \
            size_t i = 0; \
            vf a = v_set(a_step || !count ? 0 : *pa), b = v_set(b_step || !count ? 0 : *pb); \
            for (; i + LANES <= count; i += LANES) { \
                if (a_step) a = v_load(pa + i); \
                if (b_step) b = v_load(pb + i); \
                v_store(py + i, expression); \
            } \
            if (i == count) continue; \
            if (a_step) a = v_load_n(pa + i, count - i); \
            if (b_step) b = v_load_n(pb + i, count - i); \
            v_store_n(py + i, expression, count - i); \
        } \
    } while (0)

void VARIANT_NAME(deixis_binary_f32)(int32_t op, const float *pa, ptrdiff_t a_row, size_t a_step, const float *pb,
    ptrdiff_t b_row, size_t b_step, float *py, ptrdiff_t y_row, size_t rows, size_t count) {
    switch (op) {
    case DEIXIS_BINARY_ADD: LOOP(a + b); break;
    case DEIXIS_BINARY_SUBTRACT: LOOP(a - b); break;
    case DEIXIS_BINARY_MULTIPLY: LOOP(a * b); break;
    case DEIXIS_BINARY_DIVIDE: LOOP(a / b); break;
    case DEIXIS_BINARY_MIN: LOOP(v_min_nan(a, b)); break;
    case DEIXIS_BINARY_MAX: LOOP(v_max_nan(a, b)); break;
    case DEIXIS_BINARY_PRELU: LOOP(a < v_set(0) ? a * b : a); break;
    default: deixis_binary_f32_reference(op, pa, a_row, a_step, pb, b_row, b_step, py, y_row, rows, count); break;
    }
}
