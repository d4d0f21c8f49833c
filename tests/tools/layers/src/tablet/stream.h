#include "gate/pool.h" /* finds: "gate/pool.h" is not below tablet */
#include <somelib/some.h> /* finds: <somelib/some.h> is not known here */
