#include "gate/pool.h"
