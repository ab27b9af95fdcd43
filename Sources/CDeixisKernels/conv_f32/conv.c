#include "deixis/conv_f32.h"

#include "conv_f32/reference.h"

static size_t group_in(const deixis_conv_f32_shape *s) { return s->in_c / s->groups; }
static size_t group_out(const deixis_conv_f32_shape *s) { return s->out_c / s->groups; }
static size_t depth(const deixis_conv_f32_shape *s) { return s->kernel_h * s->kernel_w * group_in(s); }

const deixis_gemm_f32 *deixis_conv_f32_select(uint32_t isa, const deixis_conv_f32_shape *shape) {
    return deixis_gemm_f32_select(isa, group_out(shape));
}

size_t deixis_conv_f32_panels(const deixis_gemm_f32 *kernel, const deixis_conv_f32_shape *shape) {
    return shape->groups * deixis_gemm_f32_panels(kernel, group_out(shape));
}

size_t deixis_conv_f32_packed_size(const deixis_gemm_f32 *kernel, const deixis_conv_f32_shape *shape) {
    return deixis_conv_f32_panels(kernel, shape) * depth(shape) * kernel->nr;
}

void deixis_conv_f32_pack(const deixis_gemm_f32 *kernel, const deixis_conv_f32_shape *shape, const float *w, size_t panel_begin,
                          size_t panel_end, float *packed) {
    size_t ci = group_in(shape), co = group_out(shape), taps = shape->kernel_h * shape->kernel_w, nr = kernel->nr;
    size_t per_group = deixis_gemm_f32_panels(kernel, co);
    for (size_t panel = panel_begin; panel < panel_end; panel++) {
        size_t first = panel % per_group * nr;
        size_t columns = co - first < nr ? co - first : nr;
        const float *from = w + (panel / per_group * co + first) * ci * taps;
        float *to = packed + panel * taps * ci * nr;
        // Memory holds [output][input][tap], a panel [tap][input][output].
        for (size_t t = 0; t < taps; t++) {
            for (size_t i = 0; i < ci; i++, to += nr) {
                for (size_t j = 0; j < columns; j++) to[j] = from[(j * ci + i) * taps + t];
                for (size_t j = columns; j < nr; j++) to[j] = 0;
            }
        }
    }
}

size_t deixis_conv_f32_scratch(const deixis_gemm_f32 *kernel, const deixis_conv_f32_shape *shape) {
    (void)kernel;
    (void)shape;
    return 1;
}

void deixis_conv_f32_run(const deixis_gemm_f32 *kernel, const deixis_conv_f32_shape *shape, const deixis_conv_f32_args *args,
                         size_t pixel_begin, size_t pixel_end, size_t panel_begin, size_t panel_end, float *scratch) {
    (void)scratch;
    deixis_conv_f32_reference(kernel, shape, args, pixel_begin, pixel_end, panel_begin, panel_end);
}
