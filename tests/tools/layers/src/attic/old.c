#include "base/map.h" /* finds: attic has no floor */
