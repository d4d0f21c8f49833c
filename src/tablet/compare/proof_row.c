#include "tablet/compare/proof_row.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/parse.h"
#include "mysql/wire.h"
#include "sql/quote.h"
#include "tablet/server/again.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

void
proof_row_init(struct proof_row *p, int tables)
{
	*p = (struct proof_row){ .tables = tables };
	p->suspects = mem_zalloc(sizeof(p->suspects[0]) * (size_t)(tables + 1));
	for (int i = 0; i < tables; i++)
		p->suspects[i] = (struct key_list)KEY_LIST_INIT;
}

void
proof_row_done(struct proof_row *p)
{
	for (int i = 0; p->suspects != NULL && i < p->tables; i++)
		key_list_done(&p->suspects[i]);
	free(p->suspects);
	position_done(&p->read);
	position_done(&p->source);
	deltas_done(&p->differing);
	*p = (struct proof_row){ 0 };
}

/* ---- Pieces of statements */

static void
set_position(struct buf *out, const struct position *p)
{
	buf_add_str(out, "read_gtid=");
	quote_string(out, slice_str(position_gtid(p)));
	buf_add_str(out, ", read_file=");
	quote_string(out, slice_str(p->file));
	buf_addf(out, ", read_offset=%" PRIu64, p->offset);
}

static void
set_text(struct buf *out, const char *column, const char *text)
{
	buf_addf(out, ", %s=", column);
	quote_string(out, slice_str(text));
}

static void
begin_update(struct buf *out, struct stream_id id)
{
	buf_add_str(out, "UPDATE ");
	sidecar_table(out, id.sidecar, "proof");
	buf_add_str(out, " SET ");
}

/* ---- Suspects as bytes: a table's number and a key, again and again */

static void
pack_suspects(struct buf *out, const struct proof_row *p)
{
	for (int t = 0; t < p->tables; t++) {
		for (size_t i = 0; i < p->suspects[t].count; i++) {
			wire_put_lenenc(out, (uint64_t)t);
			wire_put_lenenc_str(out, key_list_get(&p->suspects[t], i));
		}
	}
}

static int
unpack_suspects(struct slice bytes, struct proof_row *p, struct err *err)
{
	struct wire_reader r = wire_reader(bytes);

	while (wire_left(&r) > 0) {
		uint64_t table = wire_lenenc(&r);
		struct slice bound = wire_lenenc_str(&r);

		if (r.failed || table >= (uint64_t)p->tables)
			return err_set(err, ERR_CORRUPT, "the keys that a proof suspects are none");
		key_list_add_once(&p->suspects[table], bound);
	}
	return 0;
}

/* ---- Reading and writing */

int
proof_row_begin(struct ctx *cx, struct mysql_client *c, struct diff_id id, const struct proof_row *p)
{
	SCOPED(buf) struct buf sql = BUF_INIT;
	SCOPED(buf) struct buf sums = BUF_INIT;

	deltas_pack(&sums, &p->source, &p->differing);
	buf_add_str(&sql, "REPLACE INTO ");
	sidecar_table(&sql, id.stream.sidecar, "proof");
	buf_add_str(&sql, " SET ");
	set_position(&sql, &p->read);
	set_text(&sql, "workflow", id.stream.workflow);
	buf_addf(&sql, ", round=%d, since_us=%" PRId64, id.stream.round, clock_wall());
	set_text(&sql, "uuid", id.uuid);
	set_text(&sql, "state", proof_state_name(PROOF_BASELINE));
	buf_add_str(&sql, ", finding='', error='', differing=");
	quote_hex(&sql, buf_slice(&sums));
	return again_exec(cx, c, buf_slice(&sql), NULL);
}

static int
select_row(struct ctx *cx, struct mysql_client *c, const char *columns, struct stream_id id,
    struct mysql_rows *out)
{
	SCOPED(buf) struct buf sql = BUF_INIT;

	buf_addf(&sql, "SELECT %s FROM ", columns);
	sidecar_table(&sql, id.sidecar, "proof");
	sidecar_where_stream(&sql, id);
	return mysql_select(cx, c, buf_slice(&sql), out);
}

static int
read_state(struct slice text, enum proof_state *out, struct err *err)
{
	for (int i = 0; i < proof_states.count; i++) {
		if (!slice_eq_str(text, fsm_name(&proof_states, i)))
			continue;
		*out = (enum proof_state)i;
		return 0;
	}
	return err_set(err, ERR_CORRUPT, "a proof is '%.*s', which is no state",
	    SLICE_ARG(slice_cut(text, 0, 40)));
}

static int
read_sums(struct slice bytes, struct proof_row *out, struct err *err)
{
	struct placed_deltas sums = { .end = { .offset = 0 } };
	int rc = deltas_unpack(bytes, out->tables, &sums, err);

	if (rc == 0) {
		position_copy(&out->source, &sums.end);
		out->differing = sums.deltas;
		sums.deltas = (struct deltas){ 0 };
	}
	placed_deltas_done(&sums);
	return rc;
}

#define ROW_COLUMNS                                                                                \
	"uuid, state, since_us, proven_us, read_gtid, read_file, read_offset, transactions, "      \
	"changes, findings, differing, suspects, finding, error"

static int
read_row(struct ctx *cx, const struct slice *v, struct proof_row *out)
{
	struct position read;

	snprintf(out->uuid, sizeof(out->uuid), "%.*s", SLICE_ARG(v[0]));
	TRY(read_state(v[1], &out->state, cx->err));
	TRY(parse_i64(v[2], &out->since_us, cx->err));
	TRY(parse_i64(v[3], &out->proven_us, cx->err));
	TRY(position_read(cx, v + 4, &read));
	position_copy(&out->read, &read);
	TRY(parse_i64(v[7], &out->transactions, cx->err));
	TRY(parse_i64(v[8], &out->changes, cx->err));
	TRY(parse_i64(v[9], &out->findings, cx->err));
	if (!slice_is_null(v[10]))
		TRY(read_sums(v[10], out, cx->err));
	if (!slice_is_null(v[11]))
		TRY(unpack_suspects(v[11], out, cx->err));
	snprintf(out->finding, sizeof(out->finding), "%.*s", SLICE_ARG(v[12]));
	snprintf(out->error, sizeof(out->error), "%.*s", SLICE_ARG(v[13]));
	return 0;
}

int
proof_row_load(struct ctx *cx, struct mysql_client *c, struct stream_id id, struct proof_row *out)
{
	SCOPED(arena) struct arena arena = ARENA_INIT;
	struct ctx inner = *cx;
	struct mysql_rows rows;

	inner.arena = &arena;
	TRY(select_row(&inner, c, ROW_COLUMNS, id, &rows));
	if (rows.rows == 0)
		return err_set(cx->err, ERR_NOT_FOUND, "there is no continuous proof");
	return read_row(&inner, rows.values, out);
}

int
proof_row_lives(struct ctx *cx, struct mysql_client *c, struct stream_id id, bool *out)
{
	SCOPED(arena) struct arena arena = ARENA_INIT;
	struct ctx inner = *cx;
	struct mysql_rows rows;

	inner.arena = &arena;
	TRY(select_row(&inner, c, "state", id, &rows));
	*out = rows.rows == 1 && !slice_eq_str(rows.values[0], proof_state_name(PROOF_ENDED));
	return 0;
}

int
proof_row_save(
    struct ctx *cx, struct mysql_client *c, struct stream_id id, const struct proof_row *p)
{
	SCOPED(buf) struct buf sql = BUF_INIT;
	SCOPED(buf) struct buf sums = BUF_INIT;
	SCOPED(buf) struct buf suspects = BUF_INIT;

	deltas_pack(&sums, &p->source, &p->differing);
	pack_suspects(&suspects, p);
	begin_update(&sql, id);
	set_position(&sql, &p->read);
	buf_addf(&sql,
	    ", transactions=%" PRId64 ", changes=%" PRId64 ", findings=%" PRId64 ", differing=",
	    p->transactions, p->changes, p->findings);
	quote_hex(&sql, buf_slice(&sums));
	buf_add_str(&sql, ", suspects=");
	quote_hex(&sql, buf_slice(&suspects));
	set_text(&sql, "finding", p->finding);
	diff_where(&sql, (struct diff_id){ id, p->uuid });
	return again_exec(cx, c, buf_slice(&sql), NULL);
}

int
proof_row_move(struct ctx *cx, struct mysql_client *c, struct diff_id id,
    const struct proof_view *to, bool *moved)
{
	SCOPED(buf) struct buf sql = BUF_INIT;
	const char *comma = "";
	struct mysql_ok ok;

	begin_update(&sql, id.stream);
	buf_addf(&sql, "state='%s'", proof_state_name(to->state));
	set_text(&sql, "error", to->error);
	if (to->state == PROOF_PROVING)
		buf_addf(&sql, ", proven_us=%" PRId64, to->proven_us);
	diff_where(&sql, id);
	buf_add_str(&sql, " AND state IN (");
	for (int i = 0; i < proof_states.count; i++) {
		if (i == (int)to->state || !fsm_may(&proof_states, i, (int)to->state))
			continue;
		buf_addf(&sql, "%s'%s'", comma, fsm_name(&proof_states, i));
		comma = ",";
	}
	buf_add_char(&sql, ')');
	TRY(again_exec(cx, c, buf_slice(&sql), &ok));
	*moved = ok.affected_rows > 0;
	return 0;
}

int
proof_row_delete(struct ctx *cx, struct mysql_client *c, struct diff_id id)
{
	SCOPED(buf) struct buf sql = BUF_INIT;

	buf_add_str(&sql, "DELETE FROM ");
	sidecar_table(&sql, id.stream.sidecar, "proof");
	diff_where(&sql, id);
	return again_exec(cx, c, buf_slice(&sql), NULL);
}

static const char *
print_place(struct arena *a, const struct position *p)
{
	return position_is_set(p) ? arena_printf(a, "%s:%" PRIu64, p->file, p->offset) : "";
}

void
proof_row_view(
    const struct proof_row *p, const char *const *tables, struct arena *a, struct proof_view *out)
{
	*out = (struct proof_view){ .state = p->state,
		.since_us = p->since_us,
		.proven_us = p->proven_us,
		.transactions = p->transactions,
		.changes = p->changes,
		.findings = p->findings,
		.source = print_place(a, &p->source),
		.target = print_place(a, &p->read),
		.lag_ms = -1,
		.finding = arena_strdup(a, p->finding),
		.error = arena_strdup(a, p->error) };
	out->differing = arena_array(a, const char *, p->differing.count + 1);
	for (size_t i = 0; i < p->differing.count; i++)
		out->differing[out->differing_count++] =
		    arena_strdup(a, tables[p->differing.items[i].table]);
}
