#include "gate/pool.h"
#include "gate/route.h" /* finds: cycle between modules: gate/pool -> gate/route */
