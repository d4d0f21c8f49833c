#include "gate/pool.h"
#include "tablet/stream.h"
