#include "CDeixisProto.h"
