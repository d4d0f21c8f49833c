/*
 * source.h - the texts of the topology that a route is made of besides the rules, read together.
 *
 * A source is read into a new one and swapped in when it is whole: whoever makes a
 * route in the meantime makes it of the one before.
 */
#ifndef GATE_SOURCE_H
#define GATE_SOURCE_H

#include "gate/route.h"
#include "topo/topo.h"

#define SOURCE_HEALTH "/health/"

enum { SOURCE_VERSION_MAX = 64 };

struct source {
	struct arena arena;
	struct slice *keyspaces, *tablets;
	size_t keyspaces_count, tablets_count;
	struct slice *vtctlds; /* their addresses */
	size_t vtctlds_count;
	int64_t revision;                 /* of the oldest of these reads: watch from here */
	char version[SOURCE_VERSION_MAX]; /* of the oldest server; "" when no tablet has told */
};

/* Reads all of it, and of /routing/, anew; where that fails both stay as they were. A version that no
 * tablet is there to tell any more is what it was. */
int source_renew(
    struct ctx *cx, struct topo *t, struct source *s, struct known_rules *rules) MUST_USE;
void source_done(struct source *s);
/* Something under this prefix has changed: does it say anything new for a route? */
bool source_is_old(struct ctx *cx, const struct source *s, struct topo *t, const char *changed);
int source_route(const struct source *s, const struct known_rules *rules,
    const struct route_stamp *stamp, struct route **out, struct err *err) MUST_USE;

#endif
