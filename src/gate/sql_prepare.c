#include "gate/sql_prepare.h"

#include "base/check.h"
#include "gate/forward.h"
#include "gate/refuse.h"
#include "gate/variables.h"
#include "gate/whoami.h"
#include "mysql/command.h"
#include "sql/modes.h"
#include "sql/tokens.h"

/* ---- reading ---- */

/* PREPARE name FROM expression, EXECUTE name USING expressions, EXECUTE IMMEDIATE expression USING ... */
struct sql_prepare {
	bool prepare, immediate, deallocate;
	struct slice name; /* in lower case */
	struct slice expression, using;
};

static bool
is_word(struct slice sql, const struct token *t, const char *word)
{
	return t->kind == TOKEN_WORD &&
	    slice_eq_nocase(slice_cut(sql, t->start, t->end), slice_str(word));
}

static struct slice
name_of(struct arena *a, struct slice sql, const struct token *t)
{
	struct slice text = slice_cut(sql, t->start, t->end);
	char *low;

	if (t->kind == TOKEN_QUOTED)
		text = slice_cut(text, 1, text.len - 1);
	low = arena_strndup(a, text.ptr, text.len);
	for (size_t i = 0; i < text.len; i++)
		low[i] = (char)(low[i] >= 'A' && low[i] <= 'Z' ? low[i] | 0x20 : low[i]);
	return slice_of(low, text.len);
}

/* Up to a word USING outside of parentheses, or to the end. */
static const struct token *
expression(struct slice sql, const struct token *t, struct slice *out)
{
	const struct token *first = t;
	size_t open = 0;

	for (; t->kind != TOKEN_END && !(t->kind == TOKEN_PUNCT && t->punct == ';') &&
	     !(open == 0 && is_word(sql, t, "using"));
	     t++) {
		open += t->kind == TOKEN_PUNCT && t->punct == '(';
		open -= t->kind == TOKEN_PUNCT && t->punct == ')' && open > 0;
	}
	*out = t == first ? SLICE_NULL : slice_cut(sql, first->start, t[-1].end);
	return t;
}

static bool
read_command(struct arena *a, struct slice sql, const struct token *t, struct sql_prepare *out)
{
	*out = (struct sql_prepare){ .using = SLICE_NULL, .expression = SLICE_NULL };
	while (t->kind == TOKEN_PUNCT && t->punct == ';')
		t++;
	out->prepare = is_word(sql, t, "prepare");
	out->deallocate = is_word(sql, t, "deallocate") || is_word(sql, t, "drop");
	t += 1 + out->deallocate; /* DEALLOCATE PREPARE */
	out->immediate = !out->prepare && !out->deallocate && is_word(sql, t, "immediate");
	if (t->kind != TOKEN_WORD && t->kind != TOKEN_QUOTED)
		return false;
	out->name = name_of(a, sql, t++);
	if (out->prepare && !is_word(sql, t++, "from"))
		return false;
	if (out->prepare || out->immediate)
		t = expression(sql, t, &out->expression);
	if (!out->prepare && !out->deallocate && is_word(sql, t, "using"))
		t = expression(sql, t + 1, &out->using);
	return t->kind == TOKEN_END || (t->kind == TOKEN_PUNCT && t->punct == ';');
}

/* ---- texts ---- */

/* What \c stands for in a string; two bytes for those that keep their backslash. */
static void
put_escaped(struct buf *out, char c)
{
	static const char escapes[][2] = { { '0', '\0' }, { 'b', '\b' }, { 'n', '\n' },
		{ 'r', '\r' }, { 't', '\t' }, { 'Z', 0x1a } };

	for (size_t i = 0; i < sizeof escapes / sizeof escapes[0]; i++) {
		if (escapes[i][0] == c) {
			buf_add_char(out, escapes[i][1]);
			return;
		}
	}
	if (c == '%' || c == '_')
		buf_add_char(out, '\\');
	buf_add_char(out, c);
}

/* The bytes of 'text' or "text". */
static struct slice
unquote(struct arena *a, struct slice literal, unsigned modes)
{
	struct slice inner = slice_cut(literal, 1, literal.len - 1);
	uint8_t quote = literal.ptr[0];
	SCOPED(buf)
	struct buf out = BUF_INIT;

	for (size_t i = 0; i < inner.len; i++) {
		uint8_t c = inner.ptr[i];

		if (c == '\\' && (modes & SQL_NO_BACKSLASH_ESCAPES) == 0 && i + 1 < inner.len) {
			put_escaped(&out, (char)inner.ptr[++i]);
			continue;
		}
		buf_add_char(&out, (char)c);
		i += c == quote;
	}
	return arena_dup(a, buf_slice(&out));
}

/* Of a literal, or of an expression, which the server computes. */
static int
read_text(struct ctx *cx, struct session *s, struct slice expression, struct slice *out)
{
	struct tokens tokens;
	const struct token *t;

	TRY(tokens_read(&s->arena, expression, session_modes(s), &tokens, cx->err));
	t = tokens.items;
	if (tokens.count != 1 || t->kind != TOKEN_STRING ||
	    (expression.ptr[t->start] != '\'' && expression.ptr[t->start] != '"'))
		return variables_ask(cx, s, expression, out);
	*out = unquote(&s->arena, slice_cut(expression, t->start, t->end), session_modes(s));
	return 0;
}

/* ---- running ---- */

static int
unknown(struct ctx *cx, struct session *s, struct slice name, const char *what)
{
	(void)refuse(cx->err, ER_UNKNOWN_STMT_HANDLER,
	    "Unknown prepared statement handler (%.*s) given to %s", SLICE_ARG(name), what);
	return session_send_err(cx, s, cx->err);
}

static int
deallocate(struct ctx *cx, struct session *s, const struct sql_prepare *c)
{
	if (!named_drop(&s->named, c->name))
		return unknown(cx, s, c->name, "DEALLOCATE PREPARE");
	return session_send_ok(cx, s);
}

/* A name that is prepared again is forgotten first, whatever comes of it. */
static int
prepare(struct ctx *cx, struct session *s, const struct sql_prepare *c)
{
	struct slice text;
	unsigned params;

	(void)named_drop(&s->named, c->name);
	if (s->named.count >= PREPARED_MAX) {
		(void)refuse(cx->err, ER_MAX_PREPARED_STMT_COUNT_REACHED,
		    "Can't create more than %d prepared statements", PREPARED_MAX);
		return session_send_err(cx, s, cx->err);
	}
	if (read_text(cx, s, c->expression, &text) != 0 ||
	    forward_try_prepare(cx, s, text, &params) != 0)
		return task_cancelled() ? -1 : session_send_err(cx, s, cx->err);
	named_put(&s->named, c->name,
	    &(struct named){ .text = text,
		.keyspace = session_keyspace(s),
		.base = session_base(s),
		.modes = session_modes(s),
		.params = params });
	return session_send_ok(cx, s);
}

/* The text as if the client had sent it; what it says about USING is added. */
static int
as_request(struct ctx *cx, struct session *s, const struct named *n, struct slice using,
    struct request *inner)
{
	struct statement *st = arena_new(&s->arena, struct statement);
	unsigned modes = n->modes | s->loop->pool.server_modes;
	int asks;
	SCOPED(buf)
	struct buf packet = BUF_INIT;

	*inner = (struct request){ .com = COM_QUERY,
		.sql = arena_dup(&s->arena, n->text),
		.statement = st,
		.named = n,
		.using = using };
	TRY(statement_read(&s->arena, inner->sql, modes, st, cx->err));
	asks = whoami_answer(cx, s, st, modes, &inner->sql);
	if (asks < 0 ||
	    (asks == 1 && statement_read(&s->arena, inner->sql, modes, st, cx->err) != 0))
		return -1;
	if (!slice_is_null(using))
		st->uses |= USES_VARIABLES;
	command_put_text(&packet, COM_QUERY, inner->sql);
	inner->packet = arena_dup(&s->arena, buf_slice(&packet));
	return 0;
}

/* Without USING it is sent as it is, so its parameters are counted here. */
static int
run(struct ctx *cx, struct session *s, const struct named *n, struct slice using,
    struct request *inner)
{
	if (slice_is_null(using) && n->params > 0)
		(void)refuse(cx->err, ER_WRONG_ARGUMENTS, "Incorrect arguments to EXECUTE");
	else if (as_request(cx, s, n, using, inner) == 0)
		return 1;
	return session_send_err(cx, s, cx->err);
}

static int
execute_named(struct ctx *cx, struct session *s, const struct sql_prepare *c, struct request *inner)
{
	const struct named *n = map_get(&s->named, c->name);

	if (n == NULL)
		return unknown(cx, s, c->name, "EXECUTE");
	return run(cx, s, n, c->using, inner);
}

/* The server judges first whether it can be prepared. */
static int
execute_immediate(
    struct ctx *cx, struct session *s, const struct sql_prepare *c, struct request *inner)
{
	struct named *n = arena_new(&s->arena, struct named);

	*n = (struct named){
		.keyspace = session_keyspace(s), .base = session_base(s), .modes = session_modes(s)
	};
	if (read_text(cx, s, c->expression, &n->text) != 0 ||
	    forward_try_prepare(cx, s, n->text, &n->params) != 0)
		return task_cancelled() ? -1 : session_send_err(cx, s, cx->err);
	return run(cx, s, n, c->using, inner);
}

int
sql_prepare_run(struct ctx *cx, struct session *s, const struct request *q, struct request *inner)
{
	struct tokens tokens;
	struct sql_prepare c;

	s->replied = false;
	if (tokens_read(&s->arena, q->sql, session_modes(s), &tokens, cx->err) != 0 ||
	    !read_command(&s->arena, q->sql, tokens.items, &c) ||
	    ((c.prepare || c.immediate) && slice_is_null(c.expression))) {
		(void)refuse(cx->err, ER_PARSE_ERROR,
		    "You have an error in your SQL syntax near '%.*s'",
		    SLICE_ARG(slice_cut(q->sql, 0, 80)));
		return session_send_err(cx, s, cx->err);
	}
	if (c.deallocate)
		return deallocate(cx, s, &c);
	if (c.prepare)
		return prepare(cx, s, &c);
	return c.immediate ? execute_immediate(cx, s, &c, inner) : execute_named(cx, s, &c, inner);
}
