/*
 * claim.h - what one supervisor has for itself: the data directory's lock, the ports, the uids.
 *
 * The lock is an open file description's (fcntl F_OFD_SETLK): it ends with its holder, whatever
 * ends that, is not inherited by the programs, and can be asked about without being taken.
 * DIR/lock holds "PID PORT_BASE", which outlive the holder: the next one uses the same ports.
 */
#ifndef COMBO_CLAIM_H
#define COMBO_CLAIM_H

#include "combo/places.h"
#include "topo/record.h"

#include <stdbool.h>
#include <sys/types.h>

struct claim {
	const struct places *where;
	int                  lock_fd;
	bool                 taken;
	char                 keyspaces[TABLET_UID_MAX + 1][NAME_MAX_BYTES + 1];   /* by uid; "" is free */
};

/* All that one sentence can refuse, before anything is started: directory in use, port taken. */
int   claim_take(struct claim *c, const struct places *where, struct err *err) MUST_USE;
void  claim_drop(struct claim *c);
/* Who holds the lock of a data directory, else 0; *port_base as last written there, 0 for nothing. */
pid_t claim_of(const struct places *where, int *port_base);
bool  claim_port_is_free(int port);

#endif
