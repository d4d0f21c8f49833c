#include "sim/sim_table.h"

#include "base/check.h"
#include "base/log.h"
#include "base/mem.h"
#include "sim/sim_same.h"
#include "tablet/server/sidecar.h"

#include <stdio.h>
#include <stdlib.h>

/* clang-format off */
static const char *const definitions[SIM_VARIANTS] = {
	[SIM_INT] = "`id` int(11) NOT NULL,\n  `v` varchar(40) NOT NULL,\n  `n` int(11) DEFAULT NULL,\n"
	            "  PRIMARY KEY (`id`)",
	[SIM_PAIR] = "`a` int(11) NOT NULL,\n  `v` varchar(40) NOT NULL,\n  `b` varbinary(16) NOT NULL,\n"
	             "  `n` bigint(20) DEFAULT NULL,\n  PRIMARY KEY (`a`,`b`)",
	[SIM_TEXT] = "`k` varchar(20) NOT NULL,\n  `v` varchar(40) NOT NULL,\n  `n` int(11) DEFAULT NULL,\n"
	             "  PRIMARY KEY (`k`)",
	[SIM_UNIQUE] = "`id` int(11) NOT NULL,\n  `v` varchar(40) NOT NULL,\n  `n` int(11) DEFAULT NULL,\n"
	               "  PRIMARY KEY (`id`),\n  UNIQUE KEY `n` (`n`)",
};
/* clang-format on */

static int
below(struct sim_table *t, int n)
{
	return (int)rand_below(&t->rand, (uint64_t)n);
}

/* ---- Texts */

static const char *
text_key(const struct sim_table *t)
{
	return t->variant == SIM_TEXT ? "k" : "id";
}

/* A name in one of its spellings: all are one key. */
static void
add_name(struct sim_table *t, struct buf *out, int key)
{
	static const char *const names[] = { "key", "KEY", "Key" }, *const ends[] = { "", " ", "  " };

	buf_addf(out, "'%s%d%s'", names[below(t, 3)], key, ends[below(t, 3)]);
}

/* The values of a key, each behind its column and an equals sign when named, joined by between. */
static void
add_key(struct sim_table *t, struct buf *out, int key, bool named, const char *between)
{
	if (t->variant == SIM_PAIR) {
		buf_addf(out, "%s%d%s", named ? "`a`=" : "", key / 8 - 2, between);
		buf_addf(out, "%s0x%02x00%02x", named ? "`b`=" : "", (unsigned)(key % 8 / 4),
		    (unsigned)(key % 4));
		return;
	}
	if (named)
		buf_addf(out, "`%s`=", text_key(t));
	if (t->variant == SIM_TEXT)
		add_name(t, out, key);
	else
		buf_addf(out, "%d", key - 10);
}

static void
add_condition(struct sim_table *t, struct buf *out, int key)
{
	buf_add_str(out, " WHERE (");
	add_key(t, out, key, true, " AND ");
	buf_add_char(out, ')');
}

/* Few numbers, so that they meet in a unique column. */
static void
add_number(struct sim_table *t, struct buf *out)
{
	if (below(t, 4) == 0)
		buf_add_str(out, "NULL");
	else
		buf_addf(out, "%d", below(t, t->keys * 2));
}

/* Each value once, with bytes that need care on the way. */
static void
add_text(struct sim_table *t, struct buf *out)
{
	static const char *const heads[] = { "", "v\\t", "\\n\\\\", "\\'\\0" };
	static const char *const tails[] = { "", " ", "\\\"", "\xc3\xa9" };

	buf_addf(out, "'%s%llu%s'", heads[below(t, 4)], (unsigned long long)++t->next_value,
	    tails[below(t, 4)]);
}

/* ---- Statements of writers */

static void
insert_sql(struct sim_table *t, struct buf *sql)
{
	int rows = 1 + (below(t, 4) == 0 ? below(t, 3) : 0);

	if (t->variant == SIM_PAIR)
		buf_add_str(sql, "INSERT INTO `src`.`t` (`a`,`b`,`v`,`n`) VALUES ");
	else
		buf_addf(sql, "INSERT INTO `src`.`t` (`%s`,`v`,`n`) VALUES ", text_key(t));
	for (int i = 0; i < rows; i++) {
		buf_add_str(sql, i > 0 ? ",(" : "(");
		add_key(t, sql, below(t, t->keys), false, ",");
		buf_add_char(sql, ',');
		add_text(t, sql);
		buf_add_char(sql, ',');
		add_number(t, sql);
		buf_add_char(sql, ')');
	}
}

static void
update_sql(struct sim_table *t, struct buf *sql)
{
	buf_add_str(sql, "UPDATE `src`.`t` SET `v`=");
	add_text(t, sql);
	if (below(t, 2) == 0) {
		buf_add_str(sql, ",`n`=");
		add_number(t, sql);
	}
	add_condition(t, sql, below(t, t->keys));
}

/* To another key, or to another spelling of the same. */
static void
move_sql(struct sim_table *t, struct buf *sql)
{
	int from = below(t, t->keys), to = below(t, 3) == 0 ? from : below(t, t->keys);

	buf_add_str(sql, "UPDATE `src`.`t` SET ");
	add_key(t, sql, to, true, ",");
	add_condition(t, sql, from);
}

static void
delete_sql(struct sim_table *t, struct buf *sql)
{
	buf_add_str(sql, "DELETE FROM `src`.`t`");
	add_condition(t, sql, below(t, t->keys));
}

static int
write_once(struct ctx *cx, struct sim_table *t, struct mini_session *s)
{
	SCOPED(buf) struct buf sql = BUF_INIT;
	int kind = t->variant == SIM_SCHEMA ? -1 : below(t, 10);

	if (kind < 0)
		sim_schema_statement(&t->schema, &sql);
	else if (kind < 3)
		insert_sql(t, &sql);
	else if (kind < 6)
		update_sql(t, &sql);
	else if (kind < 8)
		move_sql(t, &sql);
	else
		delete_sql(t, &sql);
	return minidb_exec(cx, s, sql.data);
}

/* 0, or -1 when the server has gone. Errors are what writers live with. */
static int
write_transaction(struct ctx *cx, struct sim_table *t, struct mini_session *s)
{
	int statements = 1 + below(t, 5);

	if (minidb_exec(cx, s, "BEGIN") < 0)
		return -1;
	for (int i = 0; i < statements; i++) {
		int rc = write_once(cx, t, s);

		if (rc < 0)
			return -1;
		if (rc == ER_DEADLOCK)
			return 0;
	}
	return minidb_exec(cx, s, below(t, 12) == 0 ? "ROLLBACK" : "COMMIT") < 0 ? -1 : 0;
}

static void
writer_main(void *arg)
{
	struct sim_table *t = arg;
	struct mini_session *s = NULL;
	struct err err = { 0 };
	struct ctx cx = { .deadline = NEVER, .err = &err };

	while (!t->stop && task_sleep(&cx, below(t, (int)t->writer_pause + 1)) == 0) {
		if (s == NULL)
			s = minidb_open(t->source);
		if (s == NULL)
			continue;
		if (write_transaction(&cx, t, s) != 0) {
			minidb_close(s);
			s = NULL;
		}
		t->transactions++;
	}
	minidb_close(s);
}

void
sim_writers_start(struct sim_table *t, int count)
{
	struct err err;

	t->stop = false;
	group_init(&t->writers);
	for (int i = 0; i < count; i++) {
		if (group_spawn(&t->writers, "writer", writer_main, t, &err) != 0)
			check_failed(__FILE__, __LINE__, err.text);
	}
}

void
sim_writers_stop(struct ctx *cx, struct sim_table *t)
{
	t->stop = true;
	check(group_wait(cx, &t->writers) == 0);
	group_done(&t->writers);
	while (minidb_visible(t->source) < minidb_seq(t->source))
		check(task_sleep(cx, MSEC) == 0);
}

/* ---- Setup and comparison */

static void
must(struct ctx *cx, struct mini_session *s, const char *sql)
{
	if (minidb_exec(cx, s, sql) != 0)
		mini_cannot(slice_str(sql), "it failed");
}

static void
create_sidecar(struct ctx *cx, struct mini_session *s)
{
	SCOPED(buf) struct buf sql = BUF_INIT;

	for (int t = 0; t < SIDECAR_TABLES; t++) {
		buf_reset(&sql);
		sidecar_create_sql(&sql, SIDECAR_DEFAULT, t);
		must(cx, s, sql.data);
	}
}

static void
create_table(struct ctx *cx, struct mini_session *s, const char *name, const char *definition)
{
	SCOPED(buf) struct buf sql = BUF_INIT;

	buf_addf(&sql, "CREATE TABLE `src`.`%s` (\n  %s\n) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4",
	    name, definition);
	must(cx, s, sql.data);
}

static void
create_tables(struct ctx *cx, struct sim_table *t, struct mini_session *s)
{
	if (t->variant != SIM_SCHEMA) {
		create_table(cx, s, "t", definitions[t->variant]);
		return;
	}
	t->schema.rand = &t->rand;
	t->schema.keys = t->keys;
	sim_schema_make(&t->schema, &t->arena);
	for (int i = 0; i < t->schema.count; i++) {
		log_info("%s", t->schema.tables[i].definition);
		create_table(cx, s, t->schema.tables[i].name, t->schema.tables[i].definition);
	}
}

static void
insert_first(struct ctx *cx, struct sim_table *t, struct mini_session *s)
{
	SCOPED(buf) struct buf sql = BUF_INIT;

	for (int i = 0; i < t->keys * sim_table_count(t); i++) {
		buf_reset(&sql);
		if (t->variant == SIM_SCHEMA)
			sim_schema_insert(&t->schema, &sql, i / t->keys);
		else
			insert_sql(t, &sql);
		(void)minidb_exec(cx, s, sql.data); /* some are there already */
	}
}

void
sim_table_create(struct ctx *cx, struct sim_table *t)
{
	struct mini_session *s = minidb_open(t->source);

	create_tables(cx, t, s);
	create_sidecar(cx, s);
	insert_first(cx, t, s);
	minidb_close(s);
	s = minidb_open(t->target);
	create_sidecar(cx, s);
	minidb_close(s);
}

int
sim_table_count(const struct sim_table *t)
{
	return t->variant == SIM_SCHEMA ? t->schema.count : 1;
}

const char *
sim_table_name(const struct sim_table *t, int i)
{
	return t->variant == SIM_SCHEMA ? t->schema.tables[i].name : "t";
}

struct mini_table *
sim_table_at(const struct sim_table *t, int i, bool source)
{
	return store_find(minidb_store(source ? t->source : t->target),
	    slice_str(source ? "src" : "dst"), slice_str(sim_table_name(t, i)));
}

const char *
sim_table_differs(const struct sim_table *t, uint64_t seq, bool strict, struct arena *a)
{
	const char *differs = NULL;

	for (int i = 0; i < sim_table_count(t) && differs == NULL; i++) {
		if (t->variant == SIM_SCHEMA && t->schema.tables[i].strict && !strict)
			continue;
		differs = sim_same(sim_table_at(t, i, true), seq, sim_table_at(t, i, false), a);
	}
	return differs;
}

void
sim_table_done(struct sim_table *t)
{
	arena_done(&t->arena);
}
