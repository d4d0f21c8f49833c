#include "mysql/client.h" /* finds: "mysql/client.h" in mysql, which takes bytes and gives values */
