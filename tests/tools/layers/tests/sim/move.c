#include "gate/pool.h"
#include "tablet/stream/stream.h"
