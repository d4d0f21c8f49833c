#include "gate/settings.h"

#include "base/check.h"
#include "base/mem.h"
#include "sql/quote.h"
#include "sql/tokens.h"

#include <stdlib.h>

/* ---- reading SET ---- */

struct set_reader {
	struct arena *arena;
	struct slice sql;
	const struct token *t; /* ends with TOKEN_END */
	struct assignments *out;
	size_t room;
};

static struct slice
text_of(const struct set_reader *r, const struct token *t)
{
	return slice_cut(r->sql, t->start, t->end);
}

static bool
is_word(const struct set_reader *r, const struct token *t, const char *word)
{
	return t->kind == TOKEN_WORD && slice_eq_nocase(text_of(r, t), slice_str(word));
}

static bool
accept(struct set_reader *r, const char *word)
{
	bool here = is_word(r, r->t, word);

	if (here)
		r->t++;
	return here;
}

static bool
is_punct(const struct token *t, uint8_t c)
{
	return t->kind == TOKEN_PUNCT && t->punct == c;
}

static bool
at_end(const struct token *t)
{
	return t->kind == TOKEN_END || is_punct(t, ';');
}

/* A value is what stands up to the next comma outside of parentheses. */
static void
value(struct set_reader *r, struct assignment *a)
{
	const struct token *first = r->t;
	size_t open = 0;

	while (!at_end(r->t) && !(open == 0 && is_punct(r->t, ','))) {
		if (is_punct(r->t, '('))
			open++;
		else if (is_punct(r->t, ')') && open > 0)
			open--;
		r->t++;
	}
	if (r->t == first)
		return;
	a->value = slice_cut(r->sql, first->start, r->t[-1].end);
	a->literal = r->t - first == 1 &&
	    (first->kind == TOKEN_STRING || first->kind == TOKEN_NUMBER ||
		first->kind == TOKEN_WORD);
	a->literal = a->literal ||
	    (r->t - first == 2 && (is_punct(first, '-') || is_punct(first, '+')) &&
		first[1].kind == TOKEN_NUMBER);
}

static void
add(struct set_reader *r, const struct assignment *a)
{
	if (r->out->count == r->room) {
		size_t room = r->room == 0 ? 8 : r->room * 2;
		struct assignment *wider = arena_alloc(r->arena, sizeof *wider * room);

		if (r->out->count > 0)
			memcpy(wider, r->out->items, sizeof *wider * r->out->count);
		r->out->items = wider;
		r->room = room;
	}
	r->out->items[r->out->count++] = *a;
}

/* Words that say when or who are computed at each server anew. */
static bool
is_constant(const struct set_reader *r, const struct token *t)
{
	return is_word(r, t, "null") || is_word(r, t, "true") || is_word(r, t, "false");
}

static struct slice
lower(struct arena *a, struct slice s)
{
	char *out = arena_strndup(a, s.ptr, s.len);

	for (size_t i = 0; i < s.len; i++)
		out[i] = (char)(out[i] >= 'A' && out[i] <= 'Z' ? out[i] | 0x20 : out[i]);
	return slice_of(out, s.len);
}

static struct slice
unquoted(struct slice name)
{
	bool quoted =
	    name.len >= 2 && (name.ptr[0] == '`' || name.ptr[0] == '\'' || name.ptr[0] == '"');

	return quoted ? slice_cut(name, 1, name.len - 1) : name;
}

struct slice
settings_user_name(struct arena *a, struct slice name)
{
	struct slice low = lower(a, name);
	bool plain = low.len > 0;
	SCOPED(buf)
	struct buf out = BUF_INIT;

	for (size_t i = 0; i < low.len; i++) {
		uint8_t c = low.ptr[i];

		plain = plain &&
		    ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '$' ||
			c == '.');
	}
	buf_add_char(&out, '@');
	if (plain)
		buf_add_slice(&out, low);
	else
		quote_ident(&out, low);
	return arena_dup(a, buf_slice(&out));
}

/* "@@session.`x`" becomes "x" and its scope's kind; has it a scope? */
static bool
system_name(struct set_reader *r, struct slice text, struct assignment *a)
{
	struct slice name = slice_cut(text, 2, text.len), scope;
	struct slice rest = slice_split(name, '.', &scope);

	if (!slice_is_null(rest)) {
		name = rest;
		if (slice_eq_nocase(scope, slice_str("global")))
			a->kind = ASSIGN_GLOBAL;
		else if (!slice_eq_nocase(scope, slice_str("session")) &&
		    !slice_eq_nocase(scope, slice_str("local")))
			a->kind = ASSIGN_OTHER; /* a structured variable: of the server */
	}
	a->name = lower(r->arena, unquoted(name));
	return !slice_is_null(rest);
}

/* NAMES x COLLATE y, CHARACTER SET x: the words behind it are the value. */
static void
words_value(struct set_reader *r, struct assignment *a, const char *name)
{
	const struct token *first = r->t;

	a->name = slice_str(name);
	value(r, a);
	a->literal = r->t > first;
	for (const struct token *t = first; t < r->t; t++)
		a->literal = a->literal && (t->kind == TOKEN_WORD || t->kind == TOKEN_STRING);
}

/* Without a scope these are the next transaction's only. */
static bool
is_transaction_variable(struct slice name)
{
	return slice_eq_str(name, "tx_isolation") || slice_eq_str(name, "transaction_isolation") ||
	    slice_eq_str(name, "tx_read_only") || slice_eq_str(name, "transaction_read_only");
}

/* TRANSACTION ISOLATION LEVEL x, READ ONLY: with a scope it is the session's. */
static void
transaction(struct set_reader *r, struct assignment *a, bool scoped)
{
	if (!scoped && a->kind == ASSIGN_SESSION)
		a->kind = ASSIGN_NEXT;
	words_value(
	    r, a, is_word(r, r->t, "isolation") ? "transaction isolation" : "transaction read");
}

static void
variable(struct set_reader *r, struct assignment *a, bool scoped)
{
	struct slice text = text_of(r, r->t);

	if (r->t->kind == TOKEN_USER_VARIABLE) {
		a->kind = ASSIGN_USER;
		a->name = settings_user_name(r->arena, unquoted(slice_cut(text, 1, text.len)));
	} else if (r->t->kind == TOKEN_SYSTEM_VARIABLE) {
		scoped = system_name(r, text, a);
	} else {
		a->name = lower(r->arena, text);
	}
	/* SET @@tx_isolation is the next transaction's, SET tx_isolation the session's. */
	if (a->kind == ASSIGN_SESSION && !scoped && r->t->kind == TOKEN_SYSTEM_VARIABLE &&
	    is_transaction_variable(a->name))
		a->kind = ASSIGN_NEXT;
	r->t++;
	if (is_punct(r->t, '=') || r->t->kind == TOKEN_ASSIGN)
		r->t++;
	else
		a->kind = ASSIGN_OTHER;
	value(r, a);
	if (a->kind == ASSIGN_USER && a->literal && r->t[-1].kind == TOKEN_WORD)
		a->literal = is_constant(r, &r->t[-1]);
}

/* READ ONLY, READ WRITE, ISOLATION LEVEL x behind the first of them. */
static bool
continues_transaction(const struct set_reader *r)
{
	return is_punct(r->t, ',') &&
	    ((is_word(r, r->t + 1, "read") &&
		 (is_word(r, r->t + 2, "only") || is_word(r, r->t + 2, "write"))) ||
		(is_word(r, r->t + 1, "isolation") && is_word(r, r->t + 2, "level")));
}

static void
assignment(struct set_reader *r)
{
	struct assignment a = { .kind = ASSIGN_SESSION };
	bool scoped = accept(r, "session") || accept(r, "local");

	if (!scoped && accept(r, "global"))
		a.kind = ASSIGN_GLOBAL;
	if (accept(r, "transaction")) {
		transaction(r, &a, scoped);
		while (continues_transaction(r)) {
			add(r, &a);
			r->t++;
			transaction(r, &a, scoped);
		}
	} else if (accept(r, "names")) {
		words_value(r, &a, "names");
	} else if (is_word(r, r->t, "character") && is_word(r, r->t + 1, "set")) {
		r->t += 2;
		words_value(r, &a, "character set");
	} else if (accept(r, "charset")) {
		words_value(r, &a, "character set");
	} else {
		variable(r, &a, scoped);
	}
	add(r, &a);
}

int
settings_read(
    struct arena *a, struct slice sql, unsigned modes, struct assignments *out, struct err *err)
{
	struct tokens tokens;
	struct set_reader r = { .arena = a, .sql = sql, .out = out };

	*out = (struct assignments){ 0 };
	TRY(tokens_read(a, sql, modes, &tokens, err));
	r.t = tokens.items;
	while (is_punct(r.t, ';'))
		r.t++;
	if (!accept(&r, "set"))
		return err_set(err, ERR_REFUSED, "this is no SET statement");
	while (!at_end(r.t)) {
		const struct token *before = r.t;

		assignment(&r);
		if (is_punct(r.t, ','))
			r.t++;
		if (r.t == before)
			return err_set(err, ERR_REFUSED, "this SET statement cannot be read");
	}
	return 0;
}

/* ---- remembering ---- */

static void
drop(struct settings *s, struct setting *item)
{
	s->bytes -= item->name.len + item->value.len;
	free((void *)(uintptr_t)item->name.ptr);
	free((void *)(uintptr_t)item->value.ptr);
}

void
settings_init(struct settings *s)
{
	*s = (struct settings){ .version = 1 };
}

void
settings_done(struct settings *s)
{
	for (size_t i = 0; i < s->count; i++)
		drop(s, &s->items[i]);
	s->count = 0;
	s->version++;
}

static struct slice
own(struct slice s)
{
	return slice_of(mem_strndup(s.ptr, s.len), s.len);
}

void
settings_forget(struct settings *s, struct slice name)
{
	for (size_t i = 0; i < s->count; i++) {
		if (slice_eq(s->items[i].name, name)) {
			drop(s, &s->items[i]);
			memmove(&s->items[i], &s->items[i + 1],
			    sizeof s->items[0] * (s->count - i - 1));
			s->count--;
			return;
		}
	}
}

bool
settings_has(const struct settings *s, const struct assignment *a)
{
	for (size_t i = 0; i < s->count; i++) {
		if (slice_eq(s->items[i].name, a->name))
			return slice_eq(s->items[i].value, a->value);
	}
	return false;
}

bool
settings_add(struct settings *s, const struct assignment *a)
{
	/* The last one is repeated last: NAMES after character_set_client and the other way round.
	 */
	settings_forget(s, a->name);
	s->version++;
	if (s->count == SETTINGS_MAX || s->bytes + a->name.len + a->value.len > SETTINGS_BYTES_MAX)
		return false;
	s->items[s->count++] = (struct setting){ own(a->name), own(a->value), s->version };
	s->bytes += a->name.len + a->value.len;
	return true;
}

/* Set by a statement of its own. */
static bool
is_transaction(struct slice name)
{
	return slice_starts(name, "transaction ");
}

static bool
is_statement_form(struct slice name)
{
	return slice_eq_str(name, "names") || slice_eq_str(name, "character set");
}

bool
settings_sql(const struct settings *s, uint64_t since, struct buf *out)
{
	bool first = true;

	for (size_t i = 0; i < s->count; i++) {
		const struct setting *item = &s->items[i];

		if (is_transaction(item->name) || item->version <= since)
			continue;
		buf_add_str(out, first ? "SET " : ", ");
		first = false;
		if (is_transaction_variable(item->name))
			buf_add_str(out, "SESSION "); /* without: of the next transaction only */
		buf_add_slice(out, item->name);
		buf_add_str(out, is_statement_form(item->name) ? " " : " = ");
		buf_add_slice(out, item->value);
	}
	return !first;
}

bool
settings_transaction_sql(const struct settings *s, struct buf *out)
{
	bool first = true;

	for (size_t i = 0; i < s->count; i++) {
		if (!is_transaction(s->items[i].name))
			continue;
		buf_add_str(out, first ? "SET SESSION TRANSACTION " : ", ");
		first = false;
		buf_add_slice(out, s->items[i].value);
	}
	return !first;
}

struct slice
settings_get(const struct settings *s, const char *name)
{
	for (size_t i = 0; i < s->count; i++) {
		struct slice v = s->items[i].value;

		if (!slice_eq_str(s->items[i].name, name))
			continue;
		if (v.len >= 2 && (v.ptr[0] == '\'' || v.ptr[0] == '"'))
			v = slice_cut(v, 1, v.len - 1);
		return v;
	}
	return SLICE_NULL;
}

/* Does text contain the words, whatever is between them? */
static bool
mentions(struct slice text, const char *word)
{
	size_t len = strlen(word);

	for (size_t i = 0; i + len <= text.len; i++) {
		if (slice_eq_nocase(slice_cut(text, i, i + len), slice_str(word)))
			return true;
	}
	return false;
}

enum isolation
isolation_read(struct slice text)
{
	if (slice_eq_str(text, "3") || mentions(text, "serializable"))
		return ISOLATION_SERIALIZABLE;
	if (slice_eq_str(text, "2") || mentions(text, "repeatable"))
		return ISOLATION_REPEATABLE_READ;
	if (slice_eq_str(text, "0") || slice_eq_str(text, "1") || mentions(text, "committed") ||
	    mentions(text, "uncommitted"))
		return ISOLATION_READ_COMMITTED;
	return ISOLATION_UNKNOWN;
}
