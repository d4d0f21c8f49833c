#include "tablet/write/exchange.h"

#include "base/fault.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/mutant.h"
#include "base/parse.h"
#include "sql/quote.h"
#include "tablet/server/sidecar.h"
#include "tablet/table/auto_increment.h"
#include "tablet/table/bare_sql.h"

#include <stdio.h>

enum {
	/* Smaller tables take less time than the seven statements, of some milliseconds each. */
	ROWS_MIN = 100000,
	/* Milliseconds at a table that nobody uses; then it is told who does, and the next pass goes on. */
	STEP_WITHIN_S = 10,
	NAME_MAX_LEN = 32, /* "spent_" and a hash */
};

/* Of one table. name, twin, spent: quoted, with their databases. */
struct exchange {
	const struct moved_table *table;
	const char *sidecar;
	char twin_name[NAME_MAX_LEN], spent_name[NAME_MAX_LEN];
	struct buf name, twin, spent;
};

/* A table is the target of one stream at a time: its name says whose they are. */
static void
set_names(struct exchange *x, const char *database, const char *table)
{
	unsigned long long whose;

	buf_init(&x->name);
	buf_init(&x->twin);
	buf_init(&x->spent);
	quote_table(&x->name, slice_str(database), slice_str(table));
	whose = hash_bytes(buf_slice(&x->name));
	snprintf(x->twin_name, sizeof(x->twin_name), "twin_%016llx", whose);
	snprintf(x->spent_name, sizeof(x->spent_name), "spent_%016llx", whose);
	sidecar_table(&x->twin, x->sidecar, x->twin_name);
	sidecar_table(&x->spent, x->sidecar, x->spent_name);
}

static void
exchange_done(struct exchange *x)
{
	buf_done(&x->name);
	buf_done(&x->twin);
	buf_done(&x->spent);
}

static bool
may_be_unnumbered(const struct mysql_client *target, const struct table_def *def)
{
	return mysql_dialect(target)->numbers_in_root && bare_sql_may_be_unnumbered(def);
}

bool
exchange_suits(const struct mysql_client *target, const struct moved_table *t)
{
	return t->def->rows_estimate >= ROWS_MIN && may_be_unnumbered(target, t->def);
}

/* Is there a table of the name in the sidecar? 1, 0, -1 */
static int
is_there(struct ctx *cx, struct mysql_client *c, const struct exchange *x, const char *table)
{
	SCOPED(buf) struct buf sql = BUF_INIT;
	struct mysql_rows rows;

	buf_add_str(&sql, "SELECT 1 FROM information_schema.tables WHERE table_schema=");
	quote_string(&sql, slice_str(x->sidecar));
	buf_add_str(&sql, " AND table_name=");
	quote_string(&sql, slice_str(table));
	TRY(mysql_select(cx, c, buf_slice(&sql), &rows));
	return rows.rows > 0;
}

/* ---- Before the copy */

static int
drop_both(struct ctx *cx, struct ddl *d, const struct exchange *x)
{
	return ddl_runf(cx, d, "DROP TABLE IF EXISTS %s, %s", x->twin.data, x->spent.data);
}

/* Of most there is nothing, and DROP TABLE IF EXISTS would be in the binlog for each. */
static int
drop_left(struct ctx *cx, struct ddl *d, const struct exchange *x)
{
	int twin = is_there(cx, d->session, x, x->twin_name);
	int spent = twin < 0 ? -1 : is_there(cx, d->session, x, x->spent_name);

	if (spent < 0)
		return -1;
	return twin + spent == 0 ? 0 : drop_both(cx, d, x);
}

static void
add_exchange(struct buf *out, const struct exchange *x)
{
	buf_addf(out, "ALTER TABLE %s EXCHANGE PARTITION " BARE_PARTITION " WITH TABLE %s",
	    x->name.data, x->twin.data);
}

/* The statements that its rows will need, while it has none. */
static int
rehearse(struct ctx *cx, struct ddl *d, const struct exchange *x)
{
	const struct moved_table *t = x->table;
	SCOPED(buf) struct buf make = BUF_INIT;
	SCOPED(buf) struct buf make_twin = BUF_INIT;
	SCOPED(buf) struct buf swap = BUF_INIT;

	bare_sql_create_unnumbered(&make, t->def, t->database, t->name);
	bare_sql_create(&make_twin, t->def, x->sidecar, x->twin_name);
	add_exchange(&swap, x);
	TRY(ddl_run(cx, d, buf_slice(&make)));
	TRY(ddl_run(cx, d, buf_slice(&make_twin)));
	return ddl_run(cx, d, buf_slice(&swap));
}

static int
create(struct ctx *cx, struct ddl *d, const struct exchange *x, bool *made)
{
	TRY(drop_left(cx, d, x));
	*made = rehearse(cx, d, x) == 0;
	if (*made)
		return drop_both(cx, d, x);
	if (cx->err->kind != ERR_SERVER)
		return -1;
	log_info("table %s is copied with AUTO_INCREMENT: %s", x->name.data, cx->err->text);
	err_clear(cx->err);
	TRY(ddl_runf(cx, d, "DROP TABLE IF EXISTS %s", x->name.data));
	return drop_both(cx, d, x);
}

int
exchange_create(
    struct ctx *cx, struct ddl *d, const char *sidecar, const struct moved_table *t, bool *made)
{
	struct exchange x = { .table = t, .sidecar = sidecar };

	set_names(&x, t->database, t->name);
	int rc = create(cx, d, &x, made);

	exchange_done(&x);
	return rc;
}

/* ---- Behind it */

static int
is_unnumbered(struct ctx *cx, struct mysql_client *c, const struct moved_table *t)
{
	SCOPED(buf) struct buf sql = BUF_INIT;
	struct mysql_rows rows;

	buf_add_str(&sql,
	    "SELECT 1 FROM information_schema.partitions WHERE partition_name IS NOT NULL AND table_schema=");
	quote_string(&sql, slice_str(t->database));
	buf_add_str(&sql, " AND table_name=");
	quote_string(&sql, slice_str(t->name));
	TRY(mysql_select(cx, c, buf_slice(&sql), &rows));
	return rows.rows > 0;
}

static int
has_rows(struct ctx *cx, struct mysql_client *c, const struct buf *name)
{
	struct mysql_rows rows;

	TRY(mysql_selectf(cx, c, &rows, "SELECT 1 FROM %s LIMIT 1", name->data));
	return rows.rows > 0;
}

/* Steps 1 and 2, unless they are done. */
static int
fill_twin(struct ctx *cx, struct ddl *d, const struct exchange *x)
{
	const struct moved_table *t = x->table;
	SCOPED(buf) struct buf make = BUF_INIT;
	SCOPED(buf) struct buf swap = BUF_INIT;
	int there = is_there(cx, d->session, x, x->twin_name);

	if (there > 0)
		there = has_rows(cx, d->session, &x->twin);
	if (there != 0 && !mutant("tablet_exchange_anew"))
		return there < 0 ? -1 : 0;
	TRY(ddl_runf(cx, d, "DROP TABLE IF EXISTS %s", x->twin.data));
	bare_sql_create(&make, t->def, x->sidecar, x->twin_name);
	TRY(ddl_run(cx, d, buf_slice(&make)));
	if (fault("stream.exchange.before"))
		return err_set(cx->err, ERR_RETRY, "fault");
	add_exchange(&swap, x);
	TRY(ddl_run(cx, d, buf_slice(&swap)));
	if (fault("stream.exchange.after"))
		return err_set(cx->err, ERR_RETRY, "fault");
	return 0;
}

/* Step 4. It is empty: rows in it would be the only ones. */
static int
drop_spent(struct ctx *cx, struct ddl *d, const struct exchange *x)
{
	int rows = has_rows(cx, d->session, &x->spent);

	if (rows < 0)
		return -1;
	if (rows > 0)
		return err_set(cx->err, ERR_CORRUPT, "%s has rows that %s ought to have",
		    x->spent.data, x->name.data);
	return ddl_runf(cx, d, "DROP TABLE %s", x->spent.data);
}

/* The server may have the counter of the twin when that was empty. */
static int
set_next(struct ctx *cx, struct ddl *d, const struct exchange *x)
{
	const struct moved_table *t = x->table;
	SCOPED(buf) struct buf sql = BUF_INIT;
	struct mysql_rows rows;
	uint64_t next;
	const struct auto_values wanted = { t->database, &t->name, 1, &next };

	buf_add_str(&sql, "SELECT CAST(GREATEST(MAX(");
	quote_ident(&sql, slice_str(t->def->columns[t->def->primary_first].name));
	buf_addf(&sql, "), 0) AS UNSIGNED) FROM %s", x->name.data);
	TRY(mysql_select(cx, d->session, buf_slice(&sql), &rows));
	if (rows.rows != 1 || slice_is_null(rows.values[0]) || mutant("tablet_exchange_next"))
		return 0;
	TRY(parse_u64(rows.values[0], &next, cx->err));
	next += next < UINT64_MAX;
	return auto_increment_set(cx, d, &wanted, false);
}

static int
finish(struct ctx *cx, struct ddl *d, const struct exchange *x)
{
	int unnumbered = is_unnumbered(cx, d->session, x->table);
	int there;

	if (unnumbered < 0)
		return -1;
	if (unnumbered > 0) {
		TRY(fill_twin(cx, d, x));
		TRY(ddl_runf(cx, d, "RENAME TABLE %s TO %s, %s TO %s", x->name.data, x->spent.data,
		    x->twin.data, x->name.data));
		if (fault("stream.exchange.renamed"))
			return err_set(cx->err, ERR_RETRY, "fault");
	}
	there = is_there(cx, d->session, x, x->spent_name);
	if (there <= 0)
		return there;
	TRY(set_next(cx, d, x));
	return drop_spent(cx, d, x);
}

/* No request of the session's for a lock waits meanwhile (ddl.h). */
static int
finish_at_once(struct ctx *cx, struct mysql_client *c, const struct exchange *x)
{
	struct ddl d = { .session = c };

	TRY(mysql_execf(cx, c, "SET @lock_wait=@@lock_wait_timeout, lock_wait_timeout=0"));
	TRY(finish(cx, &d, x));
	return mysql_execf(cx, c, "SET lock_wait_timeout=@lock_wait");
}

static int
finish_table(
    struct ctx *cx, struct mysql_client *c, const char *sidecar, const struct moved_table *t)
{
	/* Shielded from a cancellation: a statement that goes on at the server after its task has ended could
	 * make a table behind a deletion of the stream, which would not find it. */
	struct ctx whole = ctx_shielded(cx, STEP_WITHIN_S * SECOND, cx->err);
	struct exchange x = { .table = t, .sidecar = sidecar };

	set_names(&x, t->database, t->name);
	int rc = finish_at_once(&whole, c, &x);

	exchange_done(&x);
	return rc == 0
	    ? 0
	    : err_wrap(cx->err, "giving table '%s.%s' its AUTO_INCREMENT", t->database, t->name);
}

static int
finish_all(
    struct ctx *cx, struct mysql_client *c, const char *sidecar, const struct moved_tables *tables)
{
	for (int i = 0; i < tables->count; i++) {
		const struct moved_table *t = &tables->items[i];

		if (may_be_unnumbered(c, t->def))
			TRY(finish_table(cx, c, sidecar, t));
	}
	return 0;
}

int
exchange_finish(struct ctx *cx, struct mysql_client *c, const char *sidecar,
    const struct moved_tables *tables, struct applier *applier)
{
	if (applier == NULL)
		return finish_all(cx, c, sidecar, tables);
	TRY(applier_suspend(cx, applier));
	int rc = finish_all(cx, c, sidecar, tables);

	applier_resume(applier);
	return rc;
}

int
exchange_drop(
    struct ctx *cx, struct ddl *d, const char *sidecar, const char *database, const char *table)
{
	struct exchange x = { .sidecar = sidecar };

	set_names(&x, database, table);
	int rc = drop_left(cx, d, &x);

	exchange_done(&x);
	return rc;
}
