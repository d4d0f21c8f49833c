#include "base/log.h" /* finds: "base/log.h" in sql, which takes bytes and gives values */
#include "mysql/wire.h" /* finds: "mysql/wire.h" is not below sql */
