#include "tablet/server/position.h"

#include "base/mem.h"
#include "base/mutant.h"
#include "base/rand.h"
#include "sql/quote.h"
#include "tablet/server/again.h"

#include <stdio.h>
#include <stdlib.h>

enum { FORMER_WAIT_S = 10 }; /* then it is tried again: a statement may run for long */

struct gtid_text {
	size_t refs; /* by positions of one loop */
	char text[];
};

const char *
position_gtid(const struct position *p)
{
	return p->gtid == NULL ? "" : p->gtid;
}

static void
let_go_gtid(struct position *p)
{
	if (p->kept != NULL && --p->kept->refs == 0)
		free(p->kept);
	p->kept = NULL;
	p->gtid = NULL;
}

void
position_set_gtid(struct position *p, struct slice gtid)
{
	struct gtid_text *kept = NULL;

	if (gtid.len > 0) {
		kept = mem_alloc(sizeof(*kept) + gtid.len + 1);
		kept->refs = 1;
		memcpy(kept->text, gtid.ptr, gtid.len);
		kept->text[gtid.len] = '\0';
	}
	let_go_gtid(p);
	p->kept = kept;
	p->gtid = kept == NULL ? "" : kept->text;
}

void
position_copy(struct position *to, const struct position *from)
{
	if (to == from)
		return;
	if (from->kept == NULL) {
		position_set_gtid(to, slice_str(position_gtid(from)));
	} else {
		from->kept->refs++;
		let_go_gtid(to);
		to->kept = from->kept;
		to->gtid = from->gtid;
	}
	memcpy(to->file, from->file, sizeof(to->file));
	to->offset = from->offset;
	to->last = from->last;
}

void
position_done(struct position *p)
{
	let_go_gtid(p);
	*p = (struct position){ 0 };
}

bool
position_is_set(const struct position *p)
{
	return p->file[0] != '\0';
}

/* "binlog.000042" -> 42; names of one server differ only there. */
static unsigned long long
file_number(const char *file)
{
	const char *dot = strrchr(file, '.');

	return dot == NULL ? 0 : strtoull(dot + 1, NULL, 10);
}

int
position_cmp(const struct position *a, const struct position *b)
{
	unsigned long long x = file_number(a->file), y = file_number(b->file);

	if (x != y)
		return x < y ? -1 : 1;
	return a->offset < b->offset ? -1 : a->offset > b->offset;
}

static int
copy_text(char *out, size_t size, struct slice s, const char *what, struct err *err)
{
	if (s.len >= size)
		return err_set(
		    err, ERR_REFUSED, "%s of %zu bytes, maximum %zu", what, s.len, size - 1);
	if (s.len > 0)
		memcpy(out, s.ptr, s.len);
	out[s.len] = '\0';
	return 0;
}

/* *out: the one value of an answer, in cx->arena. */
static int
read_value(struct ctx *cx, struct mysql_client *c, struct slice sql, struct slice *out)
{
	struct mysql_rows rows;

	TRY(mysql_select(cx, c, sql, &rows));
	if (rows.rows != 1 || rows.columns != 1 || slice_is_null(rows.values[0]))
		return err_set(
		    cx->err, ERR_CORRUPT, "'%.*s' has no value", SLICE_ARG(slice_cut(sql, 0, 100)));
	*out = rows.values[0];
	return 0;
}

static int
read_gtid(struct ctx *cx, struct mysql_client *c, struct slice *out)
{
	return read_value(cx, c, slice_str(mysql_dialect(c)->gtid_sql), out);
}

int
position_place(struct ctx *cx, struct mysql_client *source, struct position *out)
{
	SCOPED(arena) struct arena arena = ARENA_INIT;
	struct ctx inner = *cx;
	struct mysql_rows rows;

	inner.arena = &arena;
	position_done(out);
	TRY(mysql_select(&inner, source, slice_str(mysql_dialect(source)->position_sql), &rows));
	if (rows.rows != 1 || rows.columns < 2)
		return err_set(cx->err, ERR_REFUSED, "the server writes no binlog");
	TRY(copy_text(out->file, sizeof(out->file), rows.values[0], "a binlog's name", cx->err));
	return parse_u64(rows.values[1], &out->offset, cx->err);
}

int
position_gtids(struct ctx *cx, struct mysql_client *source, struct position *out)
{
	SCOPED(arena) struct arena arena = ARENA_INIT;
	struct ctx inner = *cx;
	struct slice gtid;

	inner.arena = &arena;
	position_done(out);
	TRY(read_gtid(&inner, source, &gtid));
	position_set_gtid(out, gtid);
	return 0;
}

int
position_try(struct ctx *cx, struct mysql_client *c, struct position *out, bool *agreed)
{
	SCOPED(arena) struct arena arena = ARENA_INIT;
	struct ctx inner = *cx;
	struct slice before, after;

	inner.arena = &arena;
	TRY(read_gtid(&inner, c, &before));
	TRY(position_place(&inner, c, out));
	TRY(read_gtid(&inner, c, &after));
	*agreed = slice_eq(before, after);
	position_set_gtid(out, before);
	return 0;
}

/* ---- Streams on disk */

static int
read_phase(struct ctx *cx, struct slice name, enum stream_phase *out)
{
	int phase = fsm_find(&stream_phases, arena_slice_str(cx->arena, name));

	if (phase < 0 || phase == STREAM_ERROR || phase == STREAM_SUSPENDED)
		return err_set(
		    cx->err, ERR_CORRUPT, "unknown phase '%.*s' of a stream", SLICE_ARG(name));
	*out = (enum stream_phase)phase;
	return 0;
}

/* gtid, file, offset as three columns from values on; what is read borrows from the arena. */
int
position_read(struct ctx *cx, const struct slice *values, struct position *out)
{
	*out = (struct position){ .gtid = arena_slice_str(cx->arena, values[0]) };
	TRY(copy_text(out->file, sizeof(out->file), values[1], "a binlog's name", cx->err));
	return parse_u64(values[2], &out->offset, cx->err);
}

void
state_copy(struct stream_state *to, const struct stream_state *from)
{
	struct position applied = to->applied, cp = to->cp, dirty = to->dirty_until;

	*to = *from;
	to->applied = applied;
	to->cp = cp;
	to->dirty_until = dirty;
	position_copy(&to->applied, &from->applied);
	position_copy(&to->cp, &from->cp);
	position_copy(&to->dirty_until, &from->dirty_until);
}

void
state_done(struct stream_state *s)
{
	position_done(&s->applied);
	position_done(&s->cp);
	position_done(&s->dirty_until);
}

/* "words `_switchyard`.`stream`" */
static void
add_stream(struct buf *out, const char *words, const char *sidecar)
{
	buf_add_str(out, words);
	sidecar_table(out, sidecar, "stream");
}

struct stream_id
state_id(const struct stream_state *s)
{
	return (struct stream_id){ s->sidecar, s->workflow, s->round };
}

static int
read_state(struct ctx *cx, const struct slice *v, struct stream_state *out)
{
	TRY(read_phase(cx, v[0], &out->phase));
	TRY(parse_int(v[1], 0, INT32_MAX, &out->attempt, cx->err));
	TRY(position_read(cx, v + 2, &out->applied));
	TRY(position_read(cx, v + 5, &out->cp));
	TRY(position_read(cx, v + 8, &out->dirty_until));
	out->request = arena_slice_str(cx->arena, v[11]);
	TRY(copy_text(out->error, sizeof(out->error), v[12], "an error", cx->err));
	return copy_text(out->hint, sizeof(out->hint), v[13], "a hint", cx->err);
}

/* columns: "SELECT ..." */
static int
select_stream(struct ctx *cx, struct mysql_client *c, const char *columns, struct stream_id id,
    struct mysql_rows *out)
{
	SCOPED(buf) struct buf sql = BUF_INIT;

	buf_add_str(&sql, columns);
	add_stream(&sql, " FROM ", id.sidecar);
	sidecar_where_stream(&sql, id);
	TRY(mysql_select(cx, c, buf_slice(&sql), out));
	if (out->rows == 0)
		return err_set(cx->err, ERR_NOT_FOUND, "no stream of workflow '%s', round %d",
		    id.workflow, id.round);
	return 0;
}

int
state_place(struct ctx *cx, struct mysql_client *c, struct stream_id id, struct position *applied,
    struct slice *prepared)
{
	struct position stored;
	struct mysql_rows rows;
	uint64_t mark;

	TRY(select_stream(cx, c,
	    "SELECT applied_gtid, applied_file, applied_offset, prepared, last_begin, last_mark",
	    id, &rows));
	*prepared = rows.values[3];
	TRY(position_read(cx, rows.values, &stored));
	TRY(parse_u64(rows.values[4], &stored.last.begin, cx->err));
	TRY(parse_u64(rows.values[5], &mark, cx->err));
	stored.last.mark = (uint32_t)mark;
	position_copy(applied, &stored);
	return 0;
}

int
state_known(struct ctx *cx, struct mysql_client *c, struct stream_id id, struct position *known)
{
	struct mysql_rows rows;

	*known = (struct position){ 0 };
	TRY(select_stream(cx, c, "SELECT known_file, known_offset", id, &rows));
	TRY(copy_text(known->file, sizeof(known->file), rows.values[0], "a file's name", cx->err));
	return parse_u64(rows.values[1], &known->offset, cx->err);
}

int
state_load(struct ctx *cx, struct mysql_client *c, struct stream_id id, struct stream_state *out)
{
	struct mysql_rows rows;

	*out = (struct stream_state){
		.sidecar = id.sidecar, .round = id.round, .phase = STREAM_STARTING
	};
	TRY(select_stream(cx, c,
	    "SELECT phase, attempt, applied_gtid, applied_file, applied_offset, cp_gtid, cp_file,"
	    " cp_offset, dirty_gtid, dirty_file, dirty_offset, request, error, hint",
	    id, &rows));
	TRY(copy_text(out->workflow, sizeof(out->workflow), slice_str(id.workflow),
	    "a workflow's name", cx->err));
	return read_state(cx, rows.values, out);
}

int
state_succeed(struct ctx *cx, struct mysql_client *c, struct stream_id id, int session)
{
	SCOPED(arena) struct arena a = ARENA_INIT;
	struct ctx inner = *cx;
	struct mysql_rows rows;

	inner.arena = &a;
	/* A lock's name has 64 characters, a workflow's up to 512. Each round has locks of its own. */
	TRY(mysql_selectf(&inner, c, &rows, "SELECT GET_LOCK('vt %016llx %d', %d)",
	    (unsigned long long)stream_id_hash(id), session, FORMER_WAIT_S));
	if (rows.rows != 1 || !slice_eq_str(rows.values[0], "1"))
		return err_set(
		    cx->err, ERR_RETRY, "a former session of this stream is still at work");
	return 0;
}

int
state_list(struct ctx *cx, struct mysql_client *c, const char *sidecar, struct mysql_rows *streams)
{
	SCOPED(buf) struct buf sql = BUF_INIT;

	add_stream(&sql, "SELECT workflow, round FROM ", sidecar);
	/* The LIMIT is far above any number of streams. It stands there so that a sql_select_limit that the
	 * server sets for all sessions cannot cut the list short. */
	buf_add_str(&sql, " ORDER BY workflow, round LIMIT 1000000");
	return mysql_select(cx, c, buf_slice(&sql), streams);
}

/* "prefix_gtid='..', prefix_file='..', prefix_offset=N" */
static void
add_position(struct buf *out, const char *prefix, const struct position *p)
{
	buf_addf(out, "%s_gtid=", prefix);
	quote_string(out, slice_str(position_gtid(p)));
	buf_addf(out, ", %s_file=", prefix);
	quote_string(out, slice_str(p->file));
	buf_addf(out, ", %s_offset=%llu", prefix, (unsigned long long)p->offset);
}

static void
add_applied(struct buf *out, const struct stored_place *place)
{
	const struct last_group *last = &place->applied->last;

	add_position(out, "applied", place->applied);
	buf_addf(
	    out, ", last_begin=%llu, last_mark=%u", (unsigned long long)last->begin, last->mark);
	buf_add_str(out, ", prepared=");
	quote_string(out, mutant("tablet_xa_remembered") ? slice_str("") : place->prepared);
	if (slice_is_null(place->deltas))
		return;
	buf_add_str(out, ", deltas=");
	quote_hex(out, place->deltas);
}

static void
add_text(struct buf *out, const char *column, const char *value)
{
	buf_addf(out, ", %s=", column);
	quote_string(out, slice_str(value));
}

/* "UPDATE `_switchyard`.`stream` SET " */
static void
add_update(struct buf *out, struct stream_id id)
{
	add_stream(out, "UPDATE ", id.sidecar);
	buf_add_str(out, " SET ");
}

/* What every save sets; the positions of the applier are not among it. */
static void
add_saved(struct buf *out, const struct stream_state *s)
{
	buf_addf(out, "phase='%s', attempt=%d, ", stream_phase_name(s->phase), s->attempt);
	if (mutant("sim_save_moves_applied")) {
		add_position(out, "applied", &s->applied);
		buf_add_str(out, ", ");
	}
	add_position(out, "cp", &s->cp);
	add_text(out, "error", s->error);
	add_text(out, "hint", s->hint);
}

void
state_saved_sql(struct buf *out, const struct stream_state *s)
{
	add_stream(out, "INSERT INTO ", s->sidecar);
	buf_add_str(out, " SET workflow=");
	quote_string(out, slice_str(s->workflow));
	buf_addf(out, ", round=%d", s->round);
	add_text(out, "request", s->request == NULL ? "" : s->request);
	buf_add_str(out, ", ");
	add_applied(out, &(struct stored_place){ &s->applied, slice_str(""), SLICE_NULL });
	buf_add_str(out, ", ");
	add_position(out, "dirty", &s->dirty_until);
	buf_add_str(out, ", known_file='', known_offset=0, ");
	add_saved(out, s);
	buf_add_str(out, " ON DUPLICATE KEY UPDATE ");
	add_saved(out, s);
}

int
state_save(struct ctx *cx, struct mysql_client *c, const struct stream_state *s)
{
	SCOPED(buf) struct buf sql = BUF_INIT;

	state_saved_sql(&sql, s);
	return again_exec(cx, c, buf_slice(&sql), NULL);
}

int
state_update(struct ctx *cx, struct mysql_client *c, const struct stream_state *s)
{
	SCOPED(buf) struct buf sql = BUF_INIT;

	add_update(&sql, state_id(s));
	add_saved(&sql, s);
	sidecar_where_stream(&sql, state_id(s));
	return again_exec(cx, c, buf_slice(&sql), NULL);
}

int
state_save_request(struct ctx *cx, struct mysql_client *c, struct stream_id id, struct slice request)
{
	SCOPED(buf) struct buf sql = BUF_INIT;

	add_update(&sql, id);
	buf_add_str(&sql, "request=");
	quote_string(&sql, request);
	sidecar_where_stream(&sql, id);
	return again_exec(cx, c, buf_slice(&sql), NULL);
}

void
state_moved(struct stream_state *s, enum stream_phase next)
{
	enum stream_phase old = s->phase;

	fsm_check(&stream_phases, (int)old, (int)next);
	s->phase = next;
	fsm_moved(&stream_phases, s->workflow, (int)old, (int)next);
}

int
state_move(struct ctx *cx, struct mysql_client *c, struct stream_state *s, enum stream_phase next)
{
	enum stream_phase old = s->phase;
	struct stream_state *copy = mem_new(struct stream_state); /* too large for a stack */

	fsm_check(&stream_phases, (int)old, (int)next);
	state_copy(copy, s);
	copy->phase = next;
	int rc = state_update(cx, c, copy);
	state_done(copy);
	free(copy);
	TRY(rc);
	if (s->phase != old && s->phase != next)
		return err_set(cx->err, ERR_CONFLICT, "the stream of '%s' was %s, and is %s now",
		    s->workflow, stream_phase_name(old), stream_phase_name(s->phase));
	state_moved(s, next);
	return 0;
}

int
state_copies_again(struct ctx *cx, struct mysql_client *c, struct stream_state *s)
{
	struct stream_state *copy = mem_new(struct stream_state); /* too large for a stack */

	state_copy(copy, s);
	position_done(&copy->cp);
	copy->phase = STREAM_COPYING;
	int rc = state_update(cx, c, copy);
	state_done(copy);
	free(copy);
	TRY(rc);
	position_done(&s->cp);
	if (s->phase != STREAM_COPYING)
		state_moved(s, STREAM_COPYING);
	return 0;
}

int
state_delete(struct ctx *cx, struct mysql_client *c, struct stream_id id)
{
	return again_delete(cx, c, id, "stream");
}

void
state_applied_sql(struct buf *out, struct stream_id id, const struct stored_place *place)
{
	add_update(out, id);
	add_applied(out, place);
	sidecar_where_stream(out, id);
}

void
state_begun_sql(struct buf *out, struct stream_id id, const struct stored_place *place,
    const struct position *known)
{
	add_update(out, id);
	add_applied(out, place);
	add_text(out, "known_file", known->file);
	buf_addf(out, ", known_offset=%llu", (unsigned long long)known->offset);
	sidecar_where_stream(out, id);
}

void
state_frozen_sql(struct buf *out, struct stream_id id, const struct stored_place *place, int attempt)
{
	add_update(out, id);
	buf_addf(out, "phase='frozen', attempt=%d, ", attempt);
	add_applied(out, place);
	sidecar_where_stream(out, id);
}

void
state_dirty_sql(struct buf *out, struct stream_id id, const struct position *dirty_until)
{
	add_update(out, id);
	add_position(out, "dirty", dirty_until);
	sidecar_where_stream(out, id);
}

void
state_mark_sql(struct buf *out, struct stream_id id, const char *word)
{
	add_update(out, id);
	buf_add_str(out, "hint=");
	quote_string(out, slice_str(word));
	sidecar_where_stream(out, id);
}

void
heartbeat_token(char out[HEARTBEAT_TOKEN])
{
	unsigned char secret[HEARTBEAT_TOKEN / 2];

	rand_secret(secret, sizeof(secret));
	for (size_t i = 0; i < sizeof(secret); i++)
		snprintf(out + 2 * i, 3, "%02x", secret[i]);
}

int
heartbeat_write(struct ctx *cx, struct mysql_client *source, struct stream_id id, const char *token)
{
	enum { ER_BAD_DB_ERROR = 1049, ER_BAD_FIELD_ERROR = 1054, ER_NO_SUCH_TABLE = 1146 };
	SCOPED(buf) struct buf sql = BUF_INIT;

	buf_add_str(&sql, "REPLACE INTO ");
	sidecar_table(&sql, id.sidecar, "heartbeat");
	buf_add_str(&sql, " (workflow, round, token) VALUES (");
	quote_string(&sql, slice_str(id.workflow));
	buf_addf(&sql, ", %d, '%s')", id.round, token);
	if (again_exec(cx, source, buf_slice(&sql), NULL) == 0)
		return 0;
	if (cx->err->mysql_errno == ER_BAD_DB_ERROR || cx->err->mysql_errno == ER_NO_SUCH_TABLE)
		return err_set(cx->err, ERR_RETRY,
		    "the source has no sidecar database '%s': its vttablet makes one when it starts",
		    id.sidecar);
	if (cx->err->mysql_errno == ER_BAD_FIELD_ERROR)
		return err_set(cx->err, ERR_RETRY,
		    "the source's sidecar database '%s' is of an earlier release: its vttablet of this one "
		    "brings it up to date when it starts",
		    id.sidecar);
	return -1;
}

int
heartbeat_delete(struct ctx *cx, struct mysql_client *source, struct stream_id id)
{
	SCOPED(buf) struct buf sql = BUF_INIT;

	buf_add_str(&sql, "DELETE FROM ");
	sidecar_table(&sql, id.sidecar, "heartbeat");
	sidecar_where(&sql, id.workflow);
	return again_exec(cx, source, buf_slice(&sql), NULL);
}
