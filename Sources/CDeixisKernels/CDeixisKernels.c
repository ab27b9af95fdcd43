#include "CDeixisKernels.h"
