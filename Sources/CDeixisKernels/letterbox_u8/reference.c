#include "letterbox_u8/weights.h"

void deixis_letterbox_u8_rows_reference(const deixis_letterbox_axis *axis, const uint8_t *x, size_t x_row, uint8_t *y,
    size_t y_row, size_t row_begin, size_t row_end) {
    for (size_t row = row_begin; row < row_end; row++) {
        for (size_t i = 0; i < axis->output; i++) {
            for (size_t c = 0; c < 3; c++) y[row * y_row + i * 3 + c] = letterbox_sum(axis, i, x + row * x_row + c, 3);
        }
    }
}

void deixis_letterbox_u8_columns_reference(const deixis_letterbox_axis *axis, const uint8_t *x, size_t x_row,
    uint8_t *y, size_t y_row, size_t bytes, size_t row_begin, size_t row_end) {
    for (size_t row = row_begin; row < row_end; row++) {
        for (size_t j = 0; j < bytes; j++) y[row * y_row + j] = letterbox_sum(axis, row, x + j, x_row);
    }
}
