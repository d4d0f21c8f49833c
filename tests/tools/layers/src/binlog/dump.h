#include "mysql/client.h"
