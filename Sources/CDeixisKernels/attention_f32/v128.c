#include "common/v128.h"

#include "attention_f32/body.h"

#include "common/end.h"
