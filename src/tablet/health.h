/*
 * health.h - this tablet in the topology: its record, and its health on a lease.
 *
 * The record (/tablets/<alias>) stays when the program ends: gates route by it. The
 * health (/health/<alias>) vanishes with the lease, written anew when it, its lag, or the server's
 * version changes.
 */
#ifndef TABLET_HEALTH_H
#define TABLET_HEALTH_H

#include "tablet/server/env.h"
#include "topo/topo.h"

struct health {
	const struct tablet_env *env;
	struct topo *topo;
	struct topo_lease *lease;
	/* Of the streams that end here; NULL: there are none. */
	int64_t (*lag_ms)(const void *arg);
	const void *lag_arg;
	int64_t told_ms;   /* the lag that was written last */
	bool healthy;      /* the server has answered when it was last asked */
	char reason[200];  /* why it is not; "" */
	char version[100]; /* of the server, once it has answered */
	bool version_told;
};

/* ERR_REFUSED when another tablet is the keyspace's primary and this one were its second: gates
 * would send statements to either. Asked before anything is done to the server. */
int health_may_register(
    struct ctx *cx, struct health *h, const struct tablet_record *record) MUST_USE;
/* Asks that again, and writes the record and the first health, then health_run() keeps it. */
int health_register(struct ctx *cx, struct health *h, const struct tablet_record *record) MUST_USE;
/* Asks the server each second, until cancelled. */
int health_run(struct ctx *cx, struct health *h) MUST_USE;
void health_done(struct health *h);

#endif
