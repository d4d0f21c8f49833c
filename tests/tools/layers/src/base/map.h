#include <stdint.h>
#include <openssl/sha.h> /* finds: <openssl/sha.h> belongs in */
