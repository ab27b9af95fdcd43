#include "CDeixisTensor.h"
