/*
 * checksum.h - the CRC32 behind each event, that of zlib.
 */
#ifndef BINLOG_CHECKSUM_H
#define BINLOG_CHECKSUM_H

#include "base/slice.h"

uint32_t checksum_crc32(struct slice bytes);

#endif
