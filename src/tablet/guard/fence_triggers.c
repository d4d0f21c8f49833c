#include "tablet/guard/fence_triggers.h"

#include "base/hash.h"
#include "base/mutant.h"
#include "sql/quote.h"
#include "tablet/server/write_lock.h"
#include "topo/name_index.h"

struct verb {
	const char *suffix, *word;
};

static const struct verb verbs[] = { { "ins", "INSERT" }, { "upd", "UPDATE" }, { "del", "DELETE" } };
_Static_assert(sizeof(verbs) / sizeof(verbs[0]) == FENCE_VERBS, "each has a trigger");

/* A look for one table's triggers takes 0.8 ms, one through a database 12 us for each table there. */
enum { ONE_BY_ONE_MAX = 8 };

/* " WHERE workflow='w' AND db='d' AND tbl='t'" */
static void
add_row_condition(struct buf *out, const struct fence *f, const char *table)
{
	sidecar_where(out, f->id.workflow);
	buf_add_str(out, " AND db=");
	quote_string(out, slice_str(f->database));
	buf_add_str(out, " AND tbl=");
	quote_string(out, slice_str(table));
}

/* _switchyard_fence_ins_ab12...: a table's name may fill the 64 characters that a trigger's may have, so
 * the hash of "workflow/table" stands for both. */
static void
add_bare_name(struct buf *out, const struct fence *f, const struct verb *verb, const char *table)
{
	SCOPED(buf) struct buf whose = BUF_INIT;

	if (!mutant("tablet_fence_of_table"))
		buf_addf(&whose, "%s/", f->id.workflow);
	buf_add_str(&whose, table);
	buf_addf(out, FENCE_PREFIX "%s_%016llx", verb->suffix,
	    (unsigned long long)hash_bytes(buf_slice(&whose)));
}

static void
add_trigger_name(struct buf *out, const struct fence *f, const struct verb *verb, const char *table)
{
	quote_ident(out, slice_str(f->database));
	buf_add_str(out, ".`");
	add_bare_name(out, f, verb, table);
	buf_add_char(out, '`');
}

/* "USER() NOT LIKE 'vt|_stream@%' ESCAPE '|'", for each row that the stream writes: to compare LEFT(USER(),
 * n) takes the server 1.4 us more. A backslash would be read by the session's sql_mode. */
static void
add_is_other(struct buf *out, const char *user)
{
	SCOPED(buf) struct buf pattern = BUF_INIT;

	for (; *user != '\0'; user++) {
		if (strchr("|_%", *user) != NULL)
			buf_add_char(&pattern, '|');
		buf_add_char(&pattern, *user);
	}
	buf_add_str(&pattern, "@%");
	buf_add_str(out, "USER() NOT LIKE ");
	quote_string(out, buf_slice(&pattern));
	buf_add_str(out, " ESCAPE '|'");
}

static void
add_create_trigger(
    struct buf *out, const struct fence *f, const struct verb *verb, const char *table)
{
	SCOPED(buf) struct buf message = BUF_INIT;

	buf_add_str(out, "CREATE TRIGGER IF NOT EXISTS ");
	add_trigger_name(out, f, verb, table);
	buf_addf(out, " BEFORE %s ON ", verb->word);
	quote_table(out, slice_str(f->database), slice_str(table));
	buf_add_str(out, " FOR EACH ROW IF ");
	add_is_other(out, f->stream_user);
	/* The variable inside of it: a stream's row, of which there are many, does not begin it. */
	buf_add_str(out,
	    " THEN BEGIN DECLARE fence_armed INT DEFAULT 1; SELECT armed INTO fence_armed FROM ");
	sidecar_table(out, f->id.sidecar, "fence");
	add_row_condition(out, f, table);
	if (!mutant("tablet_fence_limit"))
		buf_add_str(out, " LIMIT 1");
	buf_addf(out,
	    " LOCK IN SHARE MODE; IF fence_armed THEN SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO=%d, "
	    "MESSAGE_TEXT=",
	    FENCE_ERRNO);
	/* MESSAGE_TEXT holds 512 characters; two names have at most 128. */
	buf_addf(&message, FENCE_TEXT "table '%s.%s' has moved", f->database, table);
	quote_string(out, buf_slice(&message));
	buf_add_str(out, "; END IF; END; END IF");
}

/* The fence on one of its tables. */
static struct fence
fence_on_one(const struct fence *f, const char *const *table)
{
	struct fence one = *f;

	one.tables = table;
	one.tables_count = 1;
	return one;
}

/* " AND trigger_name IN (...)" */
static void
add_names(struct buf *out, const struct fence *f)
{
	buf_add_str(out, " AND trigger_name IN (''");
	for (int t = 0; t < f->tables_count; t++) {
		for (int v = 0; v < FENCE_VERBS; v++) {
			buf_add_str(out, ", '");
			add_bare_name(out, f, &verbs[v], f->tables[t]);
			buf_add_char(out, '\'');
		}
	}
	buf_add_char(out, ')');
}

/* "(SELECT COUNT(*) ...)" of the workflow's triggers. Where no single table is named, the server looks
 * through all of the database. */
static void
add_count(struct buf *out, const struct fence *f)
{
	buf_add_str(
	    out, "(SELECT COUNT(*) FROM information_schema.triggers WHERE event_object_schema=");
	quote_string(out, slice_str(f->database));
	if (f->tables_count == 1) {
		buf_add_str(out, " AND event_object_table=");
		quote_string(out, slice_str(f->tables[0]));
	}
	add_names(out, f);
	buf_add_char(out, ')');
}

/* How many are there: VERBS for each of the tables. In the hold, so of few tables each is looked at by its
 * name, and of more all in one look through the database; in one statement in any case. */
int
fence_triggers_count(struct ctx *cx, struct mysql_client *c, const struct fence *f, uint64_t *count)
{
	SCOPED(arena) struct arena arena = ARENA_INIT;
	SCOPED(buf) struct buf sql = BUF_INIT;
	struct mysql_rows rows;
	struct ctx inner = *cx;

	inner.arena = &arena;
	buf_add_str(&sql, "SELECT ");
	if (f->tables_count > ONE_BY_ONE_MAX)
		add_count(&sql, f);
	for (int t = 0; f->tables_count <= ONE_BY_ONE_MAX && t < f->tables_count; t++) {
		struct fence one = fence_on_one(f, &f->tables[t]);

		buf_add_str(&sql, t == 0 ? "" : "+");
		add_count(&sql, &one);
	}
	TRY(mysql_select(&inner, c, buf_slice(&sql), &rows));
	return parse_u64(rows.rows == 1 ? rows.values[0] : SLICE_NULL, count, cx->err);
}

static int
create_three(struct ctx *cx, struct mysql_client *c, const char *table, void *fence)
{
	for (int v = 0; v < FENCE_VERBS; v++) {
		SCOPED(buf) struct buf sql = BUF_INIT;

		add_create_trigger(&sql, fence, &verbs[v], table);
		TRY(mysql_exec(cx, c, buf_slice(&sql), NULL));
	}
	return 0;
}

static int
drop_three(struct ctx *cx, struct mysql_client *c, const char *table, void *fence)
{
	for (int v = 0; v < FENCE_VERBS; v++) {
		SCOPED(buf) struct buf sql = BUF_INIT;

		buf_add_str(&sql, "DROP TRIGGER IF EXISTS ");
		add_trigger_name(&sql, fence, &verbs[v], table);
		TRY(mysql_exec(cx, c, buf_slice(&sql), NULL));
	}
	return 0;
}

/* "SELECT event_object_table, COUNT(*) ..." of the workflow's triggers. */
static void
add_counts(struct buf *out, const struct fence *f)
{
	buf_add_str(out,
	    "SELECT event_object_table, COUNT(*) FROM information_schema.triggers WHERE "
	    "event_object_schema=");
	quote_string(out, slice_str(f->database));
	if (f->tables_count == 1) {
		buf_add_str(out, " AND event_object_table=");
		quote_string(out, slice_str(f->tables[0]));
	}
	add_names(out, f);
	buf_add_str(out, " GROUP BY event_object_table");
}

/* How many triggers each of its tables has; all in one look, where there are more than a few. */
static int
count_each(struct ctx *cx, struct ddl *d, const struct fence *f, uint64_t *counts)
{
	SCOPED(buf) struct buf sql = BUF_INIT;
	struct name_index at = name_index_of(cx->arena, f->tables, (size_t)f->tables_count);
	struct mysql_rows rows;

	add_counts(&sql, f);
	TRY(mysql_select(cx, d->session, buf_slice(&sql), &rows));
	for (size_t i = 0; i < rows.rows; i++) {
		const struct slice *row = rows.values + 2 * i;
		const struct name_at *t =
		    name_index_find(&at, "", arena_slice_str(cx->arena, row[0]));

		if (t != NULL)
			TRY(parse_u64(row[1], &counts[t->at], cx->err));
	}
	return 0;
}

int
fence_triggers_each(struct ctx *cx, struct ddl *d, const struct fence *f, uint64_t *counts)
{
	if (f->tables_count > ONE_BY_ONE_MAX)
		return count_each(cx, d, f, counts);
	for (int t = 0; t < f->tables_count; t++) {
		struct fence one = fence_on_one(f, &f->tables[t]);

		TRY(count_each(cx, d, &one, &counts[t]));
	}
	return 0;
}

/* Those of its tables whose number of triggers says so. */
static int
pick_tables(struct ctx *cx, struct ddl *d, const struct fence *f, struct write_lock_set *out,
    bool (*is_wanted)(uint64_t count))
{
	uint64_t *counts = arena_array(cx->arena, uint64_t, (size_t)f->tables_count);

	out->database = f->database;
	out->tables = arena_array(cx->arena, const char *, (size_t)f->tables_count);
	TRY(fence_triggers_each(cx, d, f, counts));
	for (int t = 0; t < f->tables_count; t++) {
		if (is_wanted(counts[t]))
			out->tables[out->count++] = f->tables[t];
	}
	return 0;
}

static bool
is_torn(uint64_t triggers)
{
	return triggers < FENCE_VERBS;
}

static bool
is_guarded(uint64_t triggers)
{
	return triggers > 0;
}

/* All three of a table at one time, so that it is asked for once. */
int
fence_triggers_create(struct ctx *cx, struct ddl *d, const struct fence *f)
{
	struct write_lock_set set = { .work = create_three, .arg = (void *)(uintptr_t)f };

	TRY(pick_tables(cx, d, f, &set, is_torn));
	if (write_lock_run(cx, d, &set) == 0)
		return 0;
	return err_wrap(
	    cx->err, "installing the fence on table '%s.%s'", f->database, set.tables[set.at]);
}

/* fence.h (5): the triggers are counted first. Where there is none, the table is not asked for: it may have
 * been dropped, with its triggers. */
int
fence_triggers_drop(struct ctx *cx, struct ddl *d, const struct fence *f)
{
	struct write_lock_set set = { .work = drop_three, .arg = (void *)(uintptr_t)f };

	TRY(pick_tables(cx, d, f, &set, is_guarded));
	if (write_lock_run(cx, d, &set) == 0)
		return 0;
	return err_wrap(
	    cx->err, "removing the fence of table '%s.%s'", f->database, set.tables[set.at]);
}

void
fence_trigger_sql(struct buf *out, const struct fence *f, const char *table)
{
	add_create_trigger(out, f, &verbs[0], table);
}
