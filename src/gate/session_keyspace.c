/* A session's current keyspace, and its backends' default database, which follows from it and the route. */
#include "gate/session.h"

#include "base/mem.h"
#include "mysql/command.h"

#include <stdlib.h>
#include <string.h>

void
session_put_keyspace(struct session *s, char *keyspace, char *base)
{
	s->keyspace = keyspace;
	s->keyspace_len = keyspace == NULL ? 0 : strlen(keyspace);
	s->base = base;
	s->base_len = base == NULL ? 0 : strlen(base);
	s->own_number = 0;
}

void
session_set_keyspace(struct session *s, struct slice name)
{
	session_check(s);
	free(s->keyspace);
	session_put_keyspace(
	    s, slice_is_null(name) ? NULL : mem_strndup(name.ptr, name.len), s->base);
	if (s->keyspace == NULL || route_keyspace(s->loop->in_flight.route, name) == NULL)
		return;
	free(s->base);
	session_put_keyspace(s, s->keyspace, mem_strdup(s->keyspace));
}

const struct route_keyspace *
session_place(const struct session *s, const struct route *r)
{
	const struct route_keyspace *k;

	if (s->keyspace == NULL)
		return NULL;
	k = route_keyspace(r, session_keyspace(s));
	return k != NULL ? k : route_base(r, session_base(s));
}

int
session_use(struct ctx *cx, struct session *s, int slot, const char *database)
{
	struct backend *b = s->slots[slot];
	SCOPED(buf)
	struct buf packet = BUF_INIT;

	/* A reset keeps the database, and gives character_set_database, by which LOAD DATA reads, the
	 * server's value. */
	if (!b->was_reset && b->database != NULL && strcmp(b->database, database) == 0)
		return 0;
	session_check(s);
	command_put_text(&packet, COM_INIT_DB, slice_str(database));
	if (session_side_command(cx, s, slot, buf_slice(&packet)) != 0) {
		if (cx->err->kind != ERR_SERVER) /* which keeps the one that it has */
			backend_set_database(b, NULL);
		return -1;
	}
	backend_set_database(b, database);
	b->was_reset = false;
	return 0;
}

/* own: what the route says of the keyspace; NULL: there is none. */
static int
use_known(struct ctx *cx, struct session *s, int slot, const struct route_keyspace *own)
{
	const char *server = s->slots[slot]->server;

	/* Elsewhere than at its own keyspace every table is named in full, and some statements want a
	 * default database all the same: DELETE x FROM a.t AS x. */
	if (own != NULL && (own->server == NULL || strcmp(own->server, server) != 0))
		own = route_keyspace_at(s->loop->in_flight.route, server);
	return own == NULL ? 0 : session_use(cx, s, slot, own->database);
}

/* A database that is no keyspace. */
static int
use_unknown(struct ctx *cx, struct session *s, int slot, struct slice database, struct slice base)
{
	const struct route_keyspace *own =
	    route_is_system(database) ? NULL : route_base(s->loop->in_flight.route, base);

	if (own == NULL || own->server == NULL || strcmp(own->server, s->slots[slot]->server) == 0)
		return session_use(cx, s, slot, arena_slice_str(&s->arena, database));
	return use_known(cx, s, slot, own);
}

int
session_use_keyspace(
    struct ctx *cx, struct session *s, int slot, struct slice keyspace, struct slice base)
{
	const struct route_keyspace *own =
	    slice_is_null(keyspace) ? NULL : route_keyspace(s->loop->in_flight.route, keyspace);

	session_check(s);
	if (own == NULL && !slice_is_null(keyspace))
		return use_unknown(cx, s, slot, keyspace, base);
	return use_known(cx, s, slot, own);
}

int
session_use_own(struct ctx *cx, struct session *s, int slot)
{
	const struct route *r = s->loop->in_flight.route;
	struct backend *b = s->slots[slot];

	if (s->own_number != r->number) {
		s->own = s->keyspace == NULL ? NULL : route_keyspace(r, slice_str(s->keyspace));
		s->own_number = r->number;
	}
	if (s->own == NULL && s->keyspace != NULL)
		return use_unknown(cx, s, slot, slice_str(s->keyspace), session_base(s));
	if (s->own != NULL && b->fits == s->own && b->fits_by == s->own_number)
		return 0;
	TRY(use_known(cx, s, slot, s->own));
	b->fits = s->own;
	b->fits_by = s->own_number;
	return 0;
}
