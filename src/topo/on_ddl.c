#include "topo/on_ddl.h"

#include <stddef.h>

const char *const on_ddl_names[] = { "STOP", "EXEC", "EXEC_IGNORE", "IGNORE", NULL };
