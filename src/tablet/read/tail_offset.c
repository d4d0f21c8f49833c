#include "tablet/read/tail_offset.h"

#include "base/mutant.h"

#include <inttypes.h>

/* ---- Is it to be asked for? */

static bool
has_last_group(const struct position *p)
{
	return p->last.begin > 0 && p->last.begin < p->offset &&
	    p->offset - p->last.begin <= OFFSET_GROUP_MAX;
}

/* Of the server: has it all that was read? */
static int
has_gtids(struct ctx *cx, const struct tail *t, bool *out)
{
	SCOPED(position) struct position now = { 0 };
	SCOPED(gtids) struct gtids all = { 0 };

	TRY(position_gtids(cx, t->client, &now));
	TRY(gtids_parse(&all, slice_str(position_gtid(&now)), cx->err));
	*out = gtids_cover(&all, &t->gtids) || mutant("tablet_offset_gtids_there");
	return 0;
}

static int
is_still_there(struct ctx *cx, const struct tail *t, bool *out)
{
	SCOPED(position) struct position now = { 0 };
	SCOPED(gtids) struct gtids there = { 0 };
	bool agreed;

	*out = false;
	if (mysql_dialect(t->client)->gtid_form == GTID_FORM_SET)
		return 0;
	TRY(position_try(cx, t->client, &now, &agreed));
	TRY(gtids_parse(&there, slice_str(position_gtid(&now)), cx->err));
	*out = agreed && strcmp(now.file, t->read.file) == 0 && now.offset == t->read.offset &&
	    gtids_same(&there, &t->gtids);
	if (mutant("tablet_offset_still_there"))
		*out = true;
	return 0;
}

/* ---- The last group again */

struct again {
	bool begun, whole;
	uint32_t mark;
};

static int
is_other(struct err *err, const struct tail *t, const struct event *e)
{
	return err_set(err, ERR_REFUSED,
	    "an event of type %d at %s:%" PRIu64 " is not what was read there", e->type,
	    t->dump.file, t->dump.position);
}

/* What a server repeats of a file's head. */
static bool
is_head(const struct event *e)
{
	return e->type == EVENT_START_ENCRYPTION || (e->flags & EVENT_FLAG_ARTIFICIAL) != 0;
}

static int
begin_again(struct tail *t, const struct event *e, struct again *a, struct err *err)
{
	struct group_begin begin;

	if (!group_begins(e->type))
		return is_other(err, t, e);
	TRY(group_begin_read(e, &begin, err));
	if (!gtids_has(&t->gtids, &begin.id) && !mutant("tablet_offset_same_gtid"))
		return is_other(err, t, e);
	a->begun = true;
	a->mark = group_mark(0, e);
	return 0;
}

static int
look_at(struct tail *t, const struct event *e, struct again *a, struct err *err)
{
	/* A heartbeat: there is no more, and it was less than ours. */
	if (e->type == EVENT_HEARTBEAT || e->type == EVENT_HEARTBEAT_V2 || e->type == EVENT_ROTATE)
		return is_other(err, t, e);
	if (!a->begun)
		return is_head(e) ? 0 : begin_again(t, e, a, err);
	if (t->dump.position > t->read.offset || group_begins(e->type))
		return is_other(err, t, e);
	if (a->whole)
		return event_changes_nothing(e) ? 0 : is_other(err, t, e);
	a->mark = group_mark(a->mark, e);
	a->whole = a->mark == t->read.last.mark;
	if (mutant("tablet_offset_same_mark"))
		a->whole = t->dump.position == t->read.offset;
	return 0;
}

static int
meet_again(struct ctx *cx, struct tail *t)
{
	struct again a = { 0 };
	struct event e;

	while (!a.whole || t->dump.position != t->read.offset) {
		TRY(dump_next(cx, &t->dump, &e));
		TRY(look_at(t, &e, &a, cx->err));
		if (mutant("tablet_offset_whole_group") && a.begun)
			return 0;
	}
	return 0;
}

/* ---- Asking */

static int
ask(struct ctx *cx, struct tail *t, uint64_t from)
{
	const struct dump_place at = { t->read.file, from };
	struct dump_params p = {
		.server_id = t->params->server_id,
		.gtid = position_gtid(tail_read_place(t)),
		.at = &at,
		.heartbeat_us = TAIL_HEARTBEAT_MS * MSEC,
	};

	TRY(dump_start(cx, t->client, &p, &t->dump));
	return dump_taken(cx, &t->dump, &at);
}

/* *from: where the dump is to begin; 0: nowhere. */
static int
choose(struct ctx *cx, const struct tail *t, uint64_t *from)
{
	bool seen = false;

	*from = 0;
	if (t->by_gtids || t->read.offset > UINT32_MAX)
		return 0;
	if (has_last_group(&t->read)) {
		TRY(has_gtids(cx, t, &seen));
		*from = seen ? t->read.last.begin : 0;
		return 0;
	}
	TRY(is_still_there(cx, t, &seen));
	*from = seen ? t->read.offset : 0;
	return 0;
}

enum tail_begun
tail_offset_begin(struct ctx *cx, struct tail *t)
{
	uint64_t from;

	if (choose(cx, t, &from) != 0)
		return TAIL_GIVEN_UP;
	if (from == 0)
		return TAIL_NOT_ASKED;
	if (ask(cx, t, from) != 0 || (from != t->read.offset && meet_again(cx, t) != 0))
		return TAIL_GIVEN_UP;
	t->by_offset = true;
	return TAIL_BEGUN;
}
