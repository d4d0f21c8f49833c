#include "tablet/server/env.h"
#include "tablet/write/apply.h" /* finds: "tablet/write/apply.h" is not below src/tablet/read */
#include "tablet/stream.h" /* finds: "tablet/stream.h" is not below src/tablet/read */
#include "tablet/cellar/old.h" /* finds: "tablet/cellar/old.h": a room that ROOMS does not know */
