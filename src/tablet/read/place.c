#include "tablet/read/place.h"

#include "base/rand.h"
#include "binlog/dump.h"
#include "tablet/server/spare.h"

#include <inttypes.h>
#include <stdio.h>

enum {
	/* a fraction of a millisecond each; the look into a binlog of 1 GB takes a second */
	NOW_TRIES = 20,
	HEARTBEAT_MS = 1000, /* of a server that has nothing more */
};

struct place_reader
place_reader(const struct tablet_env *env, const char *server)
{
	uint64_t token;
	char name[40];

	rand_secret(&token, sizeof(token));
	snprintf(name, sizeof(name), "place %016" PRIx64, token);
	return (struct place_reader){ env_stream_params(env, server, ROLE_STREAM),
		env_server_id(env, name) };
}

static int
copy_place(const struct dump *d, struct position *out, struct err *err)
{
	if (strlen(d->file) >= sizeof(out->file))
		return err_set(err, ERR_REFUSED, "a binlog's name of %zu bytes, maximum %zu",
		    strlen(d->file), sizeof(out->file) - 1);
	snprintf(out->file, sizeof(out->file), "%s", d->file);
	out->offset = d->position;
	out->last = (struct last_group){ 0 };
	return 0;
}

int
place_find(struct ctx *cx, const struct place_reader *reader, struct position *out)
{
	SCOPED(client) struct mysql_client *c = NULL;
	SCOPED(gtids) struct gtids wanted = { 0 }, there = { 0 };
	struct dump_params p = {
		.server_id = reader->server_id,
		.gtid = position_gtid(out),
		.heartbeat_us = HEARTBEAT_MS * MSEC,
	};
	struct dump_place near = { out->file, out->offset };
	struct dump d;

	TRY(gtids_parse(&wanted, slice_str(position_gtid(out)), cx->err));
	TRY(mysql_connect(cx, &reader->params, &c));
	TRY(dump_start(cx, c, &p, &d));
	TRY(dump_find(cx, &d, &wanted, &near, &there));
	if (!gtids_same(&wanted, &there))
		return err_set(cx->err, ERR_RETRY, "the binlog has no place behind '%.200s'",
		    position_gtid(out));
	return copy_place(&d, out, cx->err);
}

int
place_now(
    struct ctx *cx, struct mysql_client *c, const struct place_reader *reader, struct position *out)
{
	bool agreed = false;

	/* There the binlog may be ahead of the GTIDs, and stand still so between two questions. */
	if (mysql_dialect(c)->gtid_form == GTID_FORM_SET) {
		TRY(position_gtids(cx, c, out));
		return place_find(cx, reader, out);
	}
	for (int i = 0; i < NOW_TRIES && !agreed; i++)
		TRY(position_try(cx, c, out, &agreed));
	return agreed ? 0 : place_find(cx, reader, out);
}

int
place_here(struct ctx *cx, const struct tablet_env *env, struct position *out)
{
	struct place_reader reader = place_reader(env, env->server);
	SCOPED(spare) struct spare c = { 0 };

	TRY(spare_take(cx, env, ROLE_DBA, &c));
	return place_now(cx, c.client, &reader, out);
}
