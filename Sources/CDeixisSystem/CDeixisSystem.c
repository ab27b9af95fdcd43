#include "CDeixisSystem.h"
