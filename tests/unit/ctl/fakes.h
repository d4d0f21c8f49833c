/*
 * fakes.h - the parts of world.h: what answers to vtctld, and the clients.
 */
#ifndef TESTS_CTL_FAKES_H
#define TESTS_CTL_FAKES_H

#include "rpc/tablet.h"
#include "unit/ctl/world.h"

enum { FAKE_LEASE_S = 3 }; /* of a gate, as design has it */

/* Planned trouble with that method now; counted. */
enum trouble world_trouble(struct world *w, const char *method);
int world_before_act(struct ctx *cx, enum trouble t) MUST_USE;
/* The answer comes after everybody has stopped waiting for it. */
int world_lost(struct ctx *cx) MUST_USE;

/* http_handler_fns: arg is a struct world, a struct fake_gate. */
void fake_tablet_handle(
    struct ctx *cx, void *arg, const struct http_request *req, struct http_reply *reply);
void fake_gate_handle(
    struct ctx *cx, void *arg, const struct http_request *req, struct http_reply *reply);

/* Methods about tables of whatever workflow (fake_tables.c). */
int fake_table_drop(struct ctx *cx, struct world *w, const struct move_request *q, void *r) MUST_USE;
int fake_table_rename(
    struct ctx *cx, struct world *w, const struct move_request *q, void *r) MUST_USE;
int fake_table_find(struct ctx *cx, struct world *w, const struct move_request *q, void *r) MUST_USE;
int fake_table_list(struct ctx *cx, struct world *w, const struct move_request *q, void *r) MUST_USE;

/* What the stream has not carried yet arrives. */
void world_stream(struct world *w);
/* One write at a server; false: its fence refuses. Waits for the lock. */
bool world_write_row(struct ctx *cx, struct world *w, struct fake_server *s);

bool gate_routes_to(const struct fake_gate *g, const char *keyspace);
bool gate_serves_both_from(const struct fake_gate *g, const char *keyspace);
bool gate_is_open(const struct fake_gate *g);
bool gate_is_paused(const struct fake_gate *g); /* its clock has not ended it yet */
bool gate_is_left(
    const struct world *w, const struct fake_gate *g); /* in that pause, by those before it */

void flaky_open(struct flaky *f, struct world *w);

/* Tasks of a gate: its lease, the fallback of the watch, and a client that adds rows. */
void fake_gate_renews(void *arg);
void fake_gate_watches(void *arg);
void fake_client(void *arg);

#endif
