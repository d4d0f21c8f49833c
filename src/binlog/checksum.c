#include "binlog/checksum.h"

#include <zlib.h>

/* An event is below 2^32 bytes: its header could not say more. */
uint32_t
checksum_crc32(struct slice bytes)
{
	return (uint32_t)crc32(crc32(0, NULL, 0), bytes.ptr, (uInt)bytes.len);
}
