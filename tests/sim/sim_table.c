#include "sim/sim_table.h"

#include "base/check.h"
#include "base/mem.h"
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
	int kind = below(t, 10);

	if (kind < 3)
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

void
sim_table_create(struct ctx *cx, struct sim_table *t)
{
	SCOPED(buf) struct buf sql = BUF_INIT;
	struct mini_session *s = minidb_open(t->source);

	buf_addf(&sql, "CREATE TABLE `src`.`t` (\n  %s\n) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4",
	    definitions[t->variant]);
	must(cx, s, sql.data);
	create_sidecar(cx, s);
	for (int i = 0; i < t->keys; i++) {
		buf_reset(&sql);
		insert_sql(t, &sql);
		(void)minidb_exec(cx, s, sql.data); /* some are there already */
	}
	minidb_close(s);
	s = minidb_open(t->target);
	create_sidecar(cx, s);
	minidb_close(s);
}

static const struct slice *
next_row(const struct mini_table *table, size_t *i, uint64_t seq)
{
	const struct slice *values = NULL;

	while (values == NULL && *i < table->count)
		values = row_logged(table->rows[(*i)++], seq);
	return values;
}

static void
show_row(struct buf *out, const struct mini_table *t, const struct slice *row)
{
	for (int i = 0; row != NULL && i < t->columns_count; i++)
		buf_addf(out, "%s%.*s", i > 0 ? "|" : "(",
		    SLICE_ARG(slice_is_null(row[i]) ? slice_str("NULL") : row[i]));
	buf_add_str(out, row == NULL ? "none" : ")");
}

static bool
same(const struct mini_table *t, const struct slice *a, const struct slice *b)
{
	for (int i = 0; i < t->columns_count; i++) {
		if (slice_is_null(a[i]) != slice_is_null(b[i]) || !slice_eq(a[i], b[i]))
			return false;
	}
	return true;
}

const char *
sim_table_differs(const struct sim_table *t, uint64_t seq, struct arena *a)
{
	SCOPED(buf) struct buf text = BUF_INIT;
	const struct mini_table *src =
	    store_find(minidb_store(t->source), slice_str("src"), slice_str("t"));
	const struct mini_table *dst =
	    store_find(minidb_store(t->target), slice_str("dst"), slice_str("t"));
	size_t i = 0, j = 0;

	if (dst == NULL)
		return "the target has no table";
	for (;;) {
		const struct slice *x = next_row(src, &i, seq), *y = next_row(dst, &j, UINT64_MAX);

		if (x == NULL && y == NULL)
			return NULL;
		if (x != NULL && y != NULL && same(src, x, y))
			continue;
		buf_add_str(&text, "source ");
		show_row(&text, src, x);
		buf_add_str(&text, " target ");
		show_row(&text, dst, y);
		return arena_slice_str(a, buf_slice(&text));
	}
}
