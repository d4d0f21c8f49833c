#include "tablet/read/tail_offset.h"

#include "base/mutant.h"

#include <inttypes.h>
#include <string.h>

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
	bool other; /* it is not there */
	uint32_t mark;
};

static int
is_other(struct err *err, const struct tail *t, struct again *a)
{
	a->other = !mutant("tablet_offset_other_history");
	return err_set(err, ERR_REFUSED,
	    "the source has another history: at %s:%" PRIu64
	    " there is not the transaction that was read there",
	    t->read.file, t->read.last.begin);
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
		return is_other(err, t, a);
	TRY(group_begin_read(e, &begin, err));
	if (!gtids_has(&t->gtids, &begin.id) && !mutant("tablet_offset_same_gtid"))
		return is_other(err, t, a);
	a->begun = true;
	a->mark = group_mark(0, e);
	return 0;
}

static int
look_at(struct tail *t, const struct event *e, struct again *a, struct err *err)
{
	if (e->type == EVENT_HEARTBEAT || e->type == EVENT_HEARTBEAT_V2 || e->type == EVENT_ROTATE)
		return is_other(err, t, a); /* the file ends before */
	if (!a->begun)
		return is_head(e) ? 0 : begin_again(t, e, a, err);
	if (t->dump.position > t->read.offset || group_begins(e->type))
		return is_other(err, t, a);
	if (a->whole)
		return event_changes_nothing(e) ? 0 : is_other(err, t, a);
	a->mark = group_mark(a->mark, e);
	a->whole = a->mark == t->read.last.mark;
	if (mutant("tablet_offset_same_mark"))
		a->whole = t->dump.position == t->read.offset;
	return a->whole || t->dump.position < t->read.offset ? 0 : is_other(err, t, a);
}

static int
read_again(struct ctx *cx, struct tail *t, struct again *a)
{
	struct event e;

	while (!a->whole || t->dump.position != t->read.offset) {
		TRY(dump_next(cx, &t->dump, &e));
		TRY(look_at(t, &e, a, cx->err));
		if (mutant("tablet_offset_whole_group") && a->begun)
			return 0;
	}
	return 0;
}

/* What either flavour says where no event begins at the offset that it is asked for. */
static bool
is_no_place(const struct err *err)
{
	static const char *const words[] = {
		"impossible position", "position > file size", "bogus data in log event",
		"truncated in the middle of event",
		"event entry exceeded max_allowed_packet", /* larger than any that it writes */
	};

	for (size_t i = 0; err->kind == ERR_SERVER && i < sizeof(words) / sizeof(words[0]); i++)
		if (strstr(err->text, words[i]) != NULL)
			return true;
	return false;
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

/* Asks for the last group, which begins there. */
static enum tail_begun
meet_again(struct ctx *cx, struct tail *t, uint64_t from)
{
	struct again a = { 0 };

	if (ask(cx, t, from) == 0 && read_again(cx, t, &a) == 0) {
		t->by_offset = true;
		return TAIL_BEGUN;
	}
	if (is_no_place(cx->err) && !mutant("tablet_offset_no_place"))
		(void)is_other(cx->err, t, &a);
	return a.other ? TAIL_OTHER : TAIL_GIVEN_UP;
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
	if (from != t->read.offset)
		return meet_again(cx, t, from);
	if (ask(cx, t, from) != 0)
		return TAIL_GIVEN_UP;
	t->by_offset = true;
	return TAIL_BEGUN;
}
