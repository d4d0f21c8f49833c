/*
 * claim.h - what one supervisor has for itself: the data directory's lock, the ports, the uids.
 *
 * The lock is an open file description's (fcntl F_OFD_SETLK): it ends with its holder, whatever
 * ends that, is not inherited by the programs, and can be asked about without being taken.
 * DIR/lock holds "PID PORT_BASE", which outlive the holder: the next one uses the same ports.
 *
 * Why ports are held and not only checked. A program that was killed comes back a tenth of a second
 * later, and another program's outgoing connection may have its port by then where the kernel deals out
 * such numbers; TIME-WAIT keeps it for a minute. A socket that is bound with SO_REUSEADDR and does not
 * listen keeps the number from the kernel's choice, and is no hindrance for another one with SO_REUSEADDR
 * that binds and listens.
 */
#ifndef COMBO_CLAIM_H
#define COMBO_CLAIM_H

#include "combo/dbkind.h"
#include "combo/places.h"
#include "topo/record.h"

#include <stdbool.h>
#include <sys/types.h>

/* vtctld's, vtgate's two, and two for each uid. */
enum { CLAIM_PORTS_MAX = 3 + 2 * TABLET_UID_MAX };

/* A port, and the socket that is bound to it. */
struct held_port {
	int port, fd;
};

/* One for a supervisor, in its struct; all zero is one that was never taken. where must outlive it. */
struct claim {
	const struct places *where;
	int lock_fd;
	bool taken;
	/* From when they are handed out until the end: while a program is away for a moment the kernel gives
	 * its port to nobody else. */
	struct held_port held[CLAIM_PORTS_MAX];
	int held_count;
	char keyspaces[TABLET_UID_MAX + 1][NAME_MAX_BYTES + 1]; /* by uid; "" is free */
	struct dbkind kinds[TABLET_UID_MAX + 1];                /* of those that are not */
};

/* All that one sentence can refuse, before anything is started: directory in use, port taken. */
int claim_take(struct claim *c, const struct places *where, struct err *err) MUST_USE;
/* Lets go of lock and ports. No-op on one that is not taken. The file stays. */
void claim_drop(struct claim *c);
/* The keyspace that a file of DIR/tablets names, "" when there is none; and its server's kind. ERR_REFUSED:
 * written by a newer release. kind may be NULL. */
int claim_keyspace(
    const char *path, char out[NAME_MAX_BYTES + 1], struct dbkind *kind, struct err *err) MUST_USE;
/* Gives a free uid to a keyspace, on disk first and synced: a crash must not give its server's data to
 * another keyspace. */
int claim_uid(struct claim *c, int uid, const char *keyspace, const struct dbkind *kind,
    struct err *err) MUST_USE;
/* Who holds the lock of a data directory, else 0; *port_base as last written there, 0 for nothing. */
pid_t claim_of(const struct places *where, int *port_base);
/* Keeps a port for a program of ours, which can listen there nevertheless: bound, and not listening.
 * False: it is taken, by a program that listens or for a minute by an outgoing connection that has ended. */
bool claim_hold(struct claim *c, int port);
/* -1: who wants it, and what to do */
int claim_refuse_port(const char *name, int port, struct err *err) MUST_USE;

#endif
