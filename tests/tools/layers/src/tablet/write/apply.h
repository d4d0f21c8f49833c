#include "tablet/server/env.h"
