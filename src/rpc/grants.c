#include "rpc/grants.h"

#include "base/check.h"
#include "base/mutant.h"
#include "sql/quote.h"

#include <string.h>

const struct account *
grant_account_of(const struct credentials *all, enum privilege_account which)
{
	switch (which) {
	case PRIVILEGE_APP: return &all->app;
	case PRIVILEGE_STREAM: return &all->stream;
	case PRIVILEGE_DBA: return &all->dba;
	case PRIVILEGE_ACCOUNTS: break;
	}
	unreachable();
}

void
grant_account(struct buf *out, struct slice user, struct slice host)
{
	quote_string(out, user);
	buf_add_char(out, '@');
	quote_string(out, host);
}

void
grant_place(struct buf *out, const struct grant_places *where, const char *place)
{
	SCOPED(buf) struct buf pattern = BUF_INIT;
	const char *database = strcmp(place, PRIVILEGE_DATABASE) == 0 ? where->database
	    : strcmp(place, PRIVILEGE_SIDECAR) == 0                   ? where->sidecar
								      : NULL;

	if (database == NULL) {
		buf_add_str(out, place);
		return;
	}
	if (mutant("rpc_grant_pattern"))
		buf_add_str(&pattern, database);
	else
		quote_pattern(&pattern, slice_str(database));
	quote_ident(out, buf_slice(&pattern));
	buf_add_str(out, ".*");
}

const struct privilege *
grant_next(const struct dialect *d, const struct privilege *at)
{
	const struct privilege *next = at == NULL ? privileges_common : at + 1;

	if (next->name != NULL)
		return next;
	/* The end of one of the two tables: the common one's leads to the flavour's. */
	for (const struct privilege *p = d->privileges; p->name != NULL; p++) {
		if (p == at)
			return NULL;
	}
	return d->privileges->name == NULL ? NULL : d->privileges;
}

/* ---- All of them */

static void
put_name(struct buf *out, const struct grants *g, enum privilege_account which)
{
	grant_account(
	    out, slice_str(grant_account_of(g->accounts, which)->user), slice_str(g->host));
}

/* Is it a row of that account, place and use, behind none that was the first? */
static bool
is_like(const struct privilege *a, const struct privilege *b)
{
	return a->account == b->account && strcmp(a->place, b->place) == 0 &&
	    (a->only == NULL ? b->only == NULL : b->only != NULL && strcmp(a->only, b->only) == 0);
}

static bool
is_first(const struct grants *g, const struct privilege *row)
{
	const struct privilege *p = grant_next(g->dialect, NULL);

	while (!is_like(p, row))
		p = grant_next(g->dialect, p);
	return p == row;
}

/* Of all rows like it. */
static void
put_grant(struct buf *out, const struct grants *g, const struct privilege *row)
{
	const char *comma = "GRANT ";

	if (row->only != NULL)
		buf_addf(out, "-- %s:\n", row->only);
	for (const struct privilege *p = NULL; (p = grant_next(g->dialect, p)) != NULL;) {
		if (!is_like(p, row))
			continue;
		buf_addf(out, "%s%s", comma, p->name);
		comma = ", ";
	}
	buf_add_str(out, " ON ");
	grant_place(out, &g->where, row->place);
	buf_add_str(out, " TO ");
	put_name(out, g, row->account);
	buf_add_str(out, ";\n");
}

static void
put_account(struct buf *out, const struct grants *g, enum privilege_account which)
{
	const struct account *a = grant_account_of(g->accounts, which);

	buf_add_str(out, "CREATE USER IF NOT EXISTS ");
	put_name(out, g, which);
	buf_add_str(out, " IDENTIFIED BY ");
	quote_string(out, secret_reveal(&a->password));
	buf_add_str(out, ";\n");
	for (const struct privilege *p = NULL; (p = grant_next(g->dialect, p)) != NULL;) {
		if (p->account == which && is_first(g, p))
			put_grant(out, g, p);
	}
}

void
grants_print(struct buf *out, const struct grants *g)
{
	/* Names and passwords are quoted as for a session without modes. */
	buf_add_str(out, "SET SESSION sql_mode='';\n");
	for (int which = 0; which < PRIVILEGE_ACCOUNTS; which++)
		put_account(out, g, (enum privilege_account)which);
	buf_add_str(
	    out, "-- what else applications do, for example all:\n-- GRANT ALL PRIVILEGES ON ");
	grant_place(out, &g->where, PRIVILEGE_DATABASE);
	buf_add_str(out, " TO ");
	put_name(out, g, PRIVILEGE_APP);
	buf_add_str(out, ";\n");
}
