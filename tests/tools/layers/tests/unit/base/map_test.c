#include "test.h"
#include "base/map.h"
#include "task/task.h" /* finds: "task/task.h" is not below base */
