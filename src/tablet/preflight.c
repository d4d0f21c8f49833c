#include "tablet/preflight.h"

#include "base/mutant.h"
#include "base/rand.h"
#include "sql/quote.h"
#include "tablet/client_probe.h"
#include "tablet/leaving.h"
#include "tablet/storage_check.h"
#include "tablet/guard/fence.h"
#include "tablet/read/place.h"
#include "tablet/read/tail.h"
#include "tablet/table/check_name.h"
#include "tablet/table/closure.h"
#include "tablet/table/definition.h"
#include "tablet/table/rehearse.h"
#include "tablet/table/trigger_make.h"
#include "tablet/table/user_triggers.h"
#include "tablet/table/versioned.h"
#include "tablet/table/view.h"
#include "tablet/validate.h"

#include <stdio.h>

enum {
	PROBE_DEADLINE_S = 10,             /* a heartbeat crosses an idle server in milliseconds */
	DEFINITIONS_MAX = 4 * 1024 * 1024, /* half of what a message takes (http.h) */
	ER_NO_SUCH_TABLE = 1146,
};

/* ---- The stream's account: writes a heartbeat and meets it in the binlog */

static int
meet_heartbeat(struct ctx *cx, struct tail *t, const char *token)
{
	for (bool met = false; !met;) {
		struct source_txn *txn;

		TRY(tail_next(cx, t, &txn));
		met = strcmp(txn->heartbeat, token) == 0;
		source_txn_free(txn);
	}
	return 0;
}

static int
probe_stream(struct ctx *cx, const struct tablet_env *env, const char *workflow)
{
	SCOPED(client) struct mysql_client *c = NULL;
	char token[33];
	uint64_t secret[2];
	struct tail *tail = NULL;
	struct stream_id id = { env->sidecar, workflow, 1 };
	struct moved_tables none = { .count = 0 };
	struct tail_params params = {
		.source = env_stream_params(env, env->server, ROLE_STREAM),
		.id = id,
		.tables = &none,
		.spill_dir = env->data_dir,
	};
	struct ctx within = ctx_within(cx, PROBE_DEADLINE_S * SECOND);

	rand_secret(secret, sizeof(secret));
	snprintf(token, sizeof(token), "%016llx%016llx", (unsigned long long)secret[0],
	    (unsigned long long)secret[1]);
	params.server_id = env_server_id(env, token);
	TRY(env_stream(&within, env, env->server, ROLE_STREAM, &c));
	struct place_reader reader = place_reader(env, env->server);
	TRY(place_now(&within, c, &reader, &params.start));
	/* While nothing is written behind the place the server need not look for it (read/tail_offset.h). */
	int rc = tail_open(&within, &params, &tail);
	if (rc == 0)
		rc = heartbeat_write(&within, c, id, token);
	if (rc == 0)
		rc = meet_heartbeat(&within, tail, token);
	tail_close(tail);
	struct err first = *cx->err;
	if (heartbeat_delete(&within, c, id) != 0 && rc == 0)
		return -1;
	return rc == 0 ? 0 : err_copy(cx->err, &first);
}

/* ---- The fence: may it be made? */

/* Tries the privileges on a table of its own. The moved table is not touched: it may be in use all the time,
 * and the probe would have to wait for it. */
static int
probe_fence(struct ctx *cx, const struct tablet_env *env, const struct move_request *q)
{
	SCOPED(ddl) struct ddl d = { 0 };

	const struct table_set set = table_set_at(cx->arena, q, MOVE_FROM);
	const struct fence f = {
		/* A name of the probe's own: the fence of the workflow itself may be there
		 * already, if somebody else has asked for the same move. */
		.id = { env->sidecar, arena_printf(cx->arena, "probe %s", q->workflow), 1 },
		.database = set.database,
		.tables = set.tables,
		.tables_count = (int)set.count,
		.stream_user = env->accounts->stream.user,
	};

	TRY(ddl_open(cx, env, &d));
	return fence_try(cx, &d, &f);
}

/* What the copy has in another way than the table; "" mostly. */
static const char *
find_converted(struct arena *a, const struct dialect *d, const struct table_def *def)
{
	SCOPED(buf) struct buf names = BUF_INIT;

	for (int i = 0; i < def->columns_count; i++) {
		if (def->columns[i].old_format)
			buf_addf(&names, "%s'%s'", names.len > 0 ? ", " : "", def->columns[i].name);
	}
	if (def->engine != NULL)
		return storage_told(a, def);
	if (names.len == 0)
		return "";
	return arena_printf(a,
	    "'%s.%s' keeps %s in the temporal format of %s, its copy in today's: the values are the same",
	    def->database, def->name, names.data, d->old_temporal.name);
}

/* Of the end that is asked. */
static int
find_closure(
    struct ctx *cx, struct mysql_client *c, const struct move_request *q, struct closure *open)
{
	const struct table_set set = table_set_at(cx->arena, q, q->side);
	const struct table_set away = { set.database, q->away, q->away_count };

	return closure_find(cx, c, &set, &away, open);
}

/* A key that leads out of the set or into it is refused, or found in *open when the set goes on without. */
static int
check_closed(struct ctx *cx, struct mysql_client *c, const struct move_request *q, bool drop,
    struct closure *open)
{
	TRY(find_closure(cx, c, q, open));
	if (open->text[0] == '\0' || drop || mutant("tablet_open_set_passes"))
		return 0;
	err_set(cx->err, ERR_REFUSED, "%s", open->text);
	return err_hint(cx->err, "%s", open->hint);
}

int
preflight_attempt(struct ctx *cx, const struct tablet_env *env,
    const struct fence_install_request *request, struct closure *open)
{
	SCOPED(client) struct mysql_client *c = NULL;
	const struct move_request *q = &request->move;

	TRY(env_dba(cx, env, &c));
	for (size_t i = 0; i < q->tables_count; i++) {
		SCOPED(arena) struct arena scratch = ARENA_INIT;
		struct ctx inner = *cx;
		struct table_def *def;

		inner.arena = &scratch;
		TRY(schema_read(&inner, c,
		    &(struct schema_place){ q->from.database, q->tables[i].from, false, true },
		    &def));
		TRY(storage_check(cx, def, request->way_back));
	}
	TRY(check_closed(cx, c, q, request->drop_foreign_keys, open));
	return leaving_check(cx, c, q, request->force);
}

/* The other end is told them in one message, in which a text is longer than itself. */
static int
check_definitions(struct ctx *cx, const struct check_from_reply *reply)
{
	size_t bytes = 0;

	for (size_t i = 0; i < reply->tables_count; i++)
		bytes += strlen(reply->tables[i].definition);
	if (bytes <= DEFINITIONS_MAX)
		return 0;
	err_set(cx->err, ERR_REFUSED,
	    "the definitions of these %zu tables have %zu bytes together, at most %d",
	    reply->tables_count, bytes, DEFINITIONS_MAX);
	return err_hint(
	    cx->err, "name some of them, and the others in a move of their own (--workflow)");
}

/* What the copy of a table without a key costs; "" of others. */
static const char *
tell_strict(struct arena *a, const struct table_def *def)
{
	if (!table_def_is_strict(def))
		return "";
	return arena_printf(a,
	    "table '%s.%s' %s: it is copied last, in one view of the source, from the beginning again if a "
	    "program dies meanwhile, and each change is applied by looking for a row with all of its values",
	    def->database, def->name, def->key_flaw);
}

static int
describe_tables(struct ctx *cx, struct mysql_client *c, const struct check_from_request *request,
    struct check_from_reply *reply)
{
	const struct move_request *q = &request->move;
	struct closure open;

	reply->tables = arena_array(cx->arena, struct table_facts, q->tables_count);
	reply->tables_count = q->tables_count;
	for (size_t i = 0; i < q->tables_count; i++) {
		struct table_def *def;

		const struct schema_place place = { q->from.database, q->tables[i].from,
			request->common, request->to_innodb };

		TRY(schema_read(cx, c, &place, &def));
		TRY(storage_check(cx, def, request->way_back));
		reply->tables[i] = (struct table_facts){
			.definition = def->told_sql,
			.converted = find_converted(cx->arena, mysql_dialect(c), def),
			.strict = tell_strict(cx->arena, def),
			.rows_estimate = def->rows_estimate,
		};
	}
	TRY(check_definitions(cx, reply));
	TRY(user_triggers_read(cx, c, q, MOVE_FROM, &reply->triggers));
	TRY(check_closed(cx, c, q, request->drop_foreign_keys, &open));
	reply->dropped = open.dropped;
	reply->restore = open.restore;
	return leaving_find(cx, c, request, reply);
}

int
preflight_from(struct ctx *cx, const struct tablet_env *env,
    const struct check_from_request *request, struct check_from_reply *reply)
{
	SCOPED(client) struct mysql_client *c = NULL;
	const struct move_request *q = &request->move;

	TRY(env_dba(cx, env, &c));
	TRY(describe_tables(cx, c, request, reply));
	TRY(view_try(
	    cx, env, &(struct table_set){ q->from.database, reply->views, reply->views_count }));
	TRY(validate_end(cx, env, c, &(struct server_ends){ q->from.database, .from = true }));
	if (probe_stream(cx, env, q->workflow) != 0)
		return err_wrap(cx->err, "reading the binlog of '%s'", env->server);
	if (probe_fence(cx, env, q) != 0)
		return err_wrap(cx->err, "trying the fence at '%s'", env->server);
	return 0;
}

/* ---- The target */

/* A table that is at the target already is never overwritten: the hint has the command that drops it. */
static int
drop_hint(struct ctx *cx, const struct move_request *q, size_t i, const char *when)
{
	int keyspace = (int)strcspn(q->workflow, "/"); /* the target's: it owns the workflow */

	return err_hint(cx->err, "%s: vtctlclient DropTable %.*s.%s", when, keyspace, q->workflow,
	    q->tables[i].to);
}

/* Is the table at the target, as it is there, the copy of what the definition says of the one that
 * arrives? */
static int
is_same(struct ctx *cx, const struct table_def *def, const struct move_request *q,
    const char *definition, bool *same)
{
	const struct table_set from = table_set_at(cx->arena, q, MOVE_FROM),
			       to = table_set_at(cx->arena, q, MOVE_TO);
	const char *mine, *wanted;

	*same = false;
	if (definition == NULL)
		return 0;
	TRY(definition_hash(cx->arena, def->told_sql, &to, &mine, cx->err));
	TRY(definition_hash(cx->arena, definition, &from, &wanted, cx->err));
	*same = strcmp(mine, wanted) == 0;
	return 0;
}

static int
check_arrival(
    struct ctx *cx, struct mysql_client *c, const struct check_to_request *request, size_t i)
{
	const struct move_request *q = &request->move;
	const char *definition = request->definitions_count > 0 ? request->definitions[i] : NULL;
	bool same;
	SCOPED(buf) struct buf name = BUF_INIT;
	const char *table = q->tables[i].to;
	struct mysql_rows rows;
	struct table_def *def;

	quote_table(&name, slice_str(q->to.database), slice_str(table));
	if (mysql_selectf(cx, c, &rows, "SELECT 1 FROM %s LIMIT 1", name.data) != 0) {
		if (cx->err->mysql_errno != ER_NO_SUCH_TABLE)
			return -1;
		err_clear(cx->err);
		return 0;
	}
	if (rows.rows > 0) {
		err_set(cx->err, ERR_REFUSED, "table '%s.%s' exists at the target and is not empty",
		    q->to.database, table);
		return drop_hint(cx, q, i, "if its rows are not needed");
	}
	TRY(schema_read(
	    cx, c, &(struct schema_place){ q->to.database, table, request->common, false }, &def));
	TRY(is_same(cx, def, q, definition, &same));
	if (!same) {
		err_set(cx->err, ERR_REFUSED,
		    "table '%s.%s' exists at the target and is defined differently", q->to.database,
		    table);
		return drop_hint(cx, q, i, "the move makes it anew");
	}
	return 0;
}

/* Two rehearsals of one name would take away each other's tables; the second waits. The lock ends with its
 * session. */
static int
probe_alone(struct ctx *cx, struct mysql_client *c)
{
	struct mysql_rows rows;

	TRY(mysql_selectf(cx, c, &rows, "SELECT GET_LOCK('switchyard probe', %d)", PROBE_DEADLINE_S));
	if (rows.rows == 1 && slice_eq_str(rows.values[0], "1"))
		return 0;
	return err_set(cx->err, ERR_RETRY, "another move is being tried");
}

/* A foreign key of another table there would refer to what arrives, or one of a table that waits for
 * its rows to another table: nobody has said that it should. */
static int
check_closed_there(struct ctx *cx, struct mysql_client *c, const struct move_request *q)
{
	struct closure open;

	if (check_closed(cx, c, q, false, &open) == 0)
		return 0;
	if (cx->err->kind != ERR_REFUSED)
		return -1;
	err_wrap(cx->err, "at the target");
	return err_hint(cx->err, "drop that foreign key at the target first");
}

/* Where keys stay behind, the end that the tables come back to has them still. One to a table that has left
 * meanwhile would refuse what clients write. */
static int
check_parents_there(struct ctx *cx, struct mysql_client *c, const struct move_request *q)
{
	struct closure open;

	TRY(find_closure(cx, c, q, &open));
	if (open.lost[0] == '\0')
		return 0;
	err_set(cx->err, ERR_REFUSED, "%s", open.lost);
	return err_hint(cx->err, "move that table back first");
}

static int
check_key_names(struct ctx *cx, struct mysql_client *c, const struct check_to_request *request)
{
	const struct table_set from = table_set_at(cx->arena, &request->move, MOVE_FROM),
			       to = table_set_at(cx->arena, &request->move, MOVE_TO);

	TRY(closure_check_names(cx, c, &from, &to, request->definitions));
	return check_names_free(cx, c, &from, &to, request->definitions);
}

static int
check_versioned(struct ctx *cx, const struct tablet_env *env, struct mysql_client *c,
    const struct check_to_request *request)
{
	SCOPED(client) struct mysql_client *source = NULL;
	const struct move_request *q = &request->move;

	for (size_t i = 0; i < request->definitions_count; i++) {
		struct slice text = slice_str(request->definitions[i]);

		if (create_table_find(text, " WITH SYSTEM VERSIONING") == text.len)
			continue;
		if (source == NULL)
			TRY(env_stream(cx, env, q->from.server, ROLE_STREAM, &source));
		if (versioned_check_ends(cx, source, c) != 0)
			return err_wrap(
			    cx->err, "table '%s.%s'", q->from.database, q->tables[i].from);
	}
	return 0;
}

int
preflight_to(struct ctx *cx, const struct tablet_env *env, const struct check_to_request *request,
    struct check_to_reply *reply)
{
	SCOPED(client) struct mysql_client *c = NULL;
	const struct move_request *q = &request->move;

	if (request->definitions_count != 0 && request->definitions_count != q->tables_count)
		return err_set(cx->err, ERR_REFUSED, "%zu definitions for %zu tables",
		    request->definitions_count, q->tables_count);
	TRY(env_dba(cx, env, &c));
	TRY(validate_end(cx, env, c, &(struct server_ends){ q->to.database, .to = true }));
	TRY(check_closed_there(cx, c, q));
	for (size_t i = 0; i < q->tables_count; i++)
		TRY(check_arrival(cx, c, request, i));
	const struct table_set set = table_set_at(cx->arena, q, MOVE_TO);
	TRY(user_triggers_none(cx, c, &set));
	TRY(leaving_check_there(cx, c, request, reply));
	TRY(check_versioned(cx, env, c, request));
	if (request->definitions_count > 0)
		TRY(check_key_names(cx, c, request));
	TRY(probe_alone(cx, c));
	for (size_t i = 0; i < request->definitions_count; i++) {
		const struct rehearsal r = { q->to.database, request->definitions[i],
			request->common };

		if (rehearse_table(cx, c, &r) != 0)
			return err_wrap(
			    cx->err, "table '%s.%s'", q->from.database, q->tables[i].from);
	}
	return request->definitions_count == 0
	    ? 0
	    : trigger_try(cx, env, q, &request->triggers, request->definitions);
}

/* ---- The target, before each attempt */

static int
try_clients(struct ctx *cx, struct client_probe *p, const struct table_def *def)
{
	SCOPED(buf) struct buf written = BUF_INIT, one = BUF_INIT;

	for (int i = 0; i < def->columns_count; i++) {
		if (!column_is_written(&def->columns[i]) || def->columns[i].system_time)
			continue;
		if (written.len > 0)
			buf_add_char(&written, ',');
		else
			quote_ident(&one, slice_str(def->columns[i].name));
		quote_ident(&written, slice_str(def->columns[i].name));
	}
	return client_probe_table(
	    cx, p, def->name, &(struct probe_columns){ written.data, one.data });
}

static int
check_tables_there(struct ctx *cx, struct mysql_client *c, const struct table_set *set,
    const struct definition_hashes *hashes, struct client_probe *p)
{
	for (size_t i = 0; i < set->count; i++) {
		SCOPED(arena) struct arena scratch = ARENA_INIT;
		struct ctx inner = *cx;
		struct table_def *def;
		const char *mine;

		inner.arena = &scratch;
		TRY(schema_read(&inner, c,
		    &(struct schema_place){ set->database, set->tables[i], hashes->common, false },
		    &def));
		TRY(definition_hash(&scratch, def->told_sql, set, &mine, cx->err));
		TRY(schema_check_hash(def, mine, hashes->items[i], cx->err));
		TRY(try_clients(&inner, p, def));
	}
	return 0;
}

int
preflight_attempt_to(struct ctx *cx, const struct tablet_env *env,
    const struct fence_install_request *request, const struct definition_hashes *hashes)
{
	SCOPED(client) struct mysql_client *c = NULL;
	const struct move_request *q = &request->move;
	const struct table_set set = table_set_at(cx->arena, q, MOVE_TO);
	struct client_probe p = { env, q->to.database, NULL };

	TRY(env_dba(cx, env, &c));
	int rc = check_tables_there(cx, c, &set, hashes, &p);
	client_done(&p.session);
	if (rc != 0)
		return -1;
	TRY(user_triggers_none(cx, c, &set));
	return request->drop_foreign_keys ? check_parents_there(cx, c, q)
					  : check_closed_there(cx, c, q);
}
