#include "sql/kill.h"

#include "base/parse.h"
#include "sql/reader.h"

/* 5, -5 (which servers read as a number without a sign), (5), CONNECTION_ID(). */
static int
read_number(struct reader *r, struct kill *out, struct err *err)
{
	bool open = reader_accept_punct(r, '('), minus = reader_accept_punct(r, '-');
	const struct token *t = reader_now(r);
	struct slice text = reader_text(r, t);

	if (reader_accept_text(r, "connection_id")) {
		reader_expect_punct(r, '(');
		reader_expect_punct(r, ')');
		out->own = true;
	} else {
		if (t->kind != TOKEN_NUMBER || parse_u64(text, &out->id, err) != 0)
			return -1;
		out->id = minus ? 0 - out->id : out->id;
		reader_step(r);
	}
	if (open)
		reader_expect_punct(r, ')');
	return 0;
}

/* name, 'name', name@host, CURRENT_USER[()] */
static int
read_user(struct reader *r, struct kill *out)
{
	const struct token *t = reader_now(r);

	out->target = KILL_USER;
	out->own = reader_is_text(r, "current_user");
	if (t->kind == TOKEN_STRING)
		out->user = slice_cut(r->sql, t->start + 1, t->end - 1);
	else if (reader_is_name(r))
		out->user = reader_name(r, t);
	else
		return -1;
	reader_step(r);
	if (out->own && reader_accept_punct(r, '('))
		reader_expect_punct(r, ')');
	/* The host is read as a user variable: @localhost, @'%'. It does not tell clients of a gate apart. */
	if (reader_now(r)->kind == TOKEN_USER_VARIABLE)
		reader_step(r);
	return 0;
}

static int
read_kill(struct reader *r, struct kill *out, struct err *err)
{
	reader_step(r);
	out->soft = reader_accept_text(r, "soft");
	(void)reader_accept_text(r, "hard");
	if (reader_accept_text(r, "query"))
		out->query = true;
	else
		(void)reader_accept_text(r, "connection");
	if (reader_accept_text(r, "user"))
		return read_user(r, out);
	if (out->query && reader_accept_text(r, "id"))
		out->target = KILL_QUERY_ID;
	return read_number(r, out, err);
}

int
kill_read(struct arena *a, struct slice sql, unsigned modes, struct kill *out, struct err *err)
{
	struct statement statement = { 0 };
	struct tokens tokens;
	struct reader r = { .arena = a, .sql = sql, .modes = modes, .out = &statement };

	*out = (struct kill){ .user = SLICE_NULL };
	TRY(tokens_read(a, sql, modes, &tokens, err));
	r.tokens = tokens.items;
	r.count = tokens.count;
	if (read_kill(&r, out, err) == 0 && !r.unclear && reader_done(&r))
		return 0;
	/* Also for an expression that a server would compute: here it would be another connection's
	 * number. */
	return err_set(err, ERR_REFUSED, "KILL of something else than a number or a user");
}
