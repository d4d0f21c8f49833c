#include "sql/show.h"

#include "sql/reader.h"

/* SHOW [FULL] words ...; longest first where one begins with another. */
struct form {
	const char *words[3];
	enum show_kind kind;
	bool lists; /* FROM, LIKE and WHERE may follow, and nothing else */
};

static const struct form FORMS[] = {
	{ { "tables" }, SHOW_TABLES, true },
	{ { "table", "status" }, SHOW_TABLE_STATUS, true },
	{ { "triggers" }, SHOW_TRIGGERS, true },
	{ { "open", "tables" }, SHOW_OPEN_TABLES, true },
	{ { "databases" }, SHOW_DATABASES, true },
	{ { "schemas" }, SHOW_DATABASES, true },
	{ { "processlist" }, SHOW_PROCESSLIST, true },
	{ { "index" }, SHOW_INDEX, false },
	{ { "indexes" }, SHOW_INDEX, false },
	{ { "keys" }, SHOW_INDEX, false },
	{ { "create", "table" }, SHOW_CREATE_TABLE, false },
	{ { "create", "view" }, SHOW_CREATE_TABLE, false },
	{ { "create", "sequence" }, SHOW_CREATE_TABLE, false },
	{ { "create", "trigger" }, SHOW_CREATE_TRIGGER, false },
	{ { "grants" }, SHOW_GRANTS, false },
};

static bool
matches(const struct reader *r, const struct form *f)
{
	size_t n = 0;

	for (; n < 3 && f->words[n] != NULL; n++) {
		const struct token *t = reader_ahead(r, n);

		if (t->kind != TOKEN_WORD ||
		    !slice_eq_nocase(reader_text(r, t), slice_str(f->words[n])))
			return false;
	}
	return true;
}

static void
step(struct reader *r, const struct form *f)
{
	for (size_t n = 0; n < 3 && f->words[n] != NULL; n++)
		reader_step(r);
}

/* [FROM db] [LIKE 'x' | WHERE expression]; false: something else is there, which the server judges. */
static bool
read_list(struct reader *r, struct show *out)
{
	if (reader_accept(r, KW_FROM) || reader_accept(r, KW_IN)) {
		if (!reader_is_name(r))
			return false;
		out->database = reader_name(r, reader_now(r));
		reader_step(r);
	}
	if (reader_accept(r, KW_LIKE)) {
		const struct token *t = reader_now(r);

		if (t->kind != TOKEN_STRING)
			return false;
		out->like = reader_text(r, t);
		reader_step(r);
	} else if (reader_accept(r, KW_WHERE)) {
		size_t from = reader_now(r)->start, to = from;

		for (; !reader_done(r); reader_step(r))
			to = reader_now(r)->end;
		out->where = slice_cut(r->sql, from, to);
		return to > from;
	}
	return reader_done(r);
}

/* FOR CURRENT_USER [()], or nothing. */
static bool
is_own(struct reader *r)
{
	if (reader_done(r))
		return true;
	if (!reader_accept(r, KW_FOR) || !reader_accept_text(r, "current_user"))
		return false;
	if (reader_accept_punct(r, '(') && !reader_accept_punct(r, ')'))
		return false;
	return reader_done(r);
}

/* name, or db.name */
static bool
read_trigger(struct reader *r, struct show *out)
{
	if (!reader_is_name(r))
		return false;
	out->name = reader_name(r, reader_now(r));
	reader_step(r);
	if (reader_accept_punct(r, '.') && reader_is_name(r)) {
		out->database = out->name;
		out->name = reader_name(r, reader_now(r));
		reader_step(r);
	}
	return reader_done(r);
}

/* What stands behind the words of a form. */
static bool
read_rest(struct reader *r, const struct form *f, struct show *out)
{
	if (f->lists)
		return read_list(r, out);
	if (f->kind == SHOW_CREATE_TRIGGER)
		return read_trigger(r, out);
	return f->kind != SHOW_GRANTS || is_own(r);
}

static void
read_forms(struct reader *r, struct show *out)
{
	out->full = reader_accept(r, KW_FULL);
	for (size_t i = 0; i < sizeof FORMS / sizeof FORMS[0]; i++) {
		if (!matches(r, &FORMS[i]))
			continue;
		step(r, &FORMS[i]);
		if (read_rest(r, &FORMS[i], out))
			out->kind = FORMS[i].kind;
		return;
	}
}

static bool
is_maintenance(struct reader *r)
{
	if (!reader_accept(r, KW_CHECK) && !reader_accept(r, KW_ANALYZE) &&
	    !reader_accept(r, KW_OPTIMIZE) && !reader_accept(r, KW_REPAIR) &&
	    !reader_accept(r, KW_CHECKSUM))
		return false;
	(void)(reader_accept_text(r, "local") || reader_accept_text(r, "no_write_to_binlog"));
	return reader_is(r, KW_TABLE) || reader_is(r, KW_TABLES);
}

int
show_read(struct arena *a, struct slice sql, unsigned modes, struct show *out, struct err *err)
{
	struct statement st = { .understood = true }; /* where the reader notes doubts */
	struct reader r = { .arena = a, .sql = sql, .modes = modes, .out = &st };
	struct tokens tokens;

	*out = (struct show){ .kind = SHOW_OTHER };
	TRY(tokens_read(a, sql, modes, &tokens, err));
	r.tokens = tokens.items;
	r.count = tokens.count;
	if (tokens.conditional)
		return 0;
	while (reader_accept_punct(&r, ';'))
		;
	if (reader_accept(&r, KW_SHOW))
		read_forms(&r, out);
	else if (is_maintenance(&r))
		out->kind = SHOW_MAINTENANCE;
	return 0;
}
