#include "map.h" /* finds: "map.h" without its folder */
