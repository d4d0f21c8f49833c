/*
 * packet_max.h - how large a statement the target takes.
 *
 * Its max_allowed_packet is no session's to raise. The server closes the connection of who sends it more,
 * often before its error is read: it would look like a lost connection, and be tried again for ever.
 */
#ifndef TABLET_WRITE_PACKET_MAX_H
#define TABLET_WRITE_PACKET_MAX_H

#include "mysql/client.h"

/* In bytes, a command's first one among them: a statement's text is to be shorter. */
int packet_max_read(struct ctx *cx, struct mysql_client *target, uint64_t *out) MUST_USE;
/* Sets ERR_REFUSED with a hint: what takes a packet of so many bytes. */
void packet_max_refuse(struct err *err, const char *what, size_t bytes, uint64_t max);

#endif
