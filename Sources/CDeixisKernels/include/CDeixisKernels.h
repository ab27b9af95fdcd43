// Pointers, sizes, strides. Kernels never allocate, never fail, keep no state and know no graph.
//
// Every family has a struct of function pointers per variant, a list of them from best to reference, and a choice by
// ISA bits:
//     const deixis_softmax_f32 *kernel = deixis_softmax_f32_select(deixis_isa_detect());
// Sizes and strides count elements, not bytes. No pointer needs more alignment than its element. Outputs must not
// overlap inputs unless a header says so. Nothing outside the stated output elements is written; nothing outside the
// stated inputs is read.
#pragma once

#include "deixis/isa.h"

#include "deixis/attention_f32.h"
#include "deixis/attention_s8.h"
#include "deixis/binary_f32.h"
#include "deixis/conv_f32.h"
#include "deixis/conv_s8.h"
#include "deixis/depthwise_f32.h"
#include "deixis/depthwise_s8.h"
#include "deixis/gemm_f32.h"
#include "deixis/gemm_s8.h"
#include "deixis/layernorm_f32.h"
#include "deixis/layernorm_u8.h"
#include "deixis/letterbox_u8.h"
#include "deixis/normalize_u8.h"
#include "deixis/pool_f32.h"
#include "deixis/pool_u8.h"
#include "deixis/quantize_u8.h"
#include "deixis/reduce_f32.h"
#include "deixis/resize_f32.h"
#include "deixis/softmax_f32.h"
#include "deixis/transpose.h"
#include "deixis/unary_f32.h"
#include "deixis/winograd_f32.h"
