/*
 * payload.h - what zlib does for events: checksums. (Compressed events, once they are read,
 * belong here too.)
 */
#ifndef BINLOG_PAYLOAD_H
#define BINLOG_PAYLOAD_H

#include "base/slice.h"

uint32_t payload_crc32(struct slice bytes);

#endif
