#include "gate/variables.h"

#include "base/check.h"
#include "gate/refuse.h"
#include "mysql/command.h"
#include "sql/quote.h"

/* Bytes of SET TRANSACTION statements before one BEGIN: two are in use, isolation and access. */
enum { NEXT_MAX = 256 };

int
variables_refuse_charset(struct err *err, struct slice value)
{
	return refuse(err, ER_NOT_SUPPORTED_YET,
	    "character set %.*s: vtgate cannot read statements in it", SLICE_ARG(value));
}

static bool
names_client_charset(const struct assignment *a)
{
	return slice_eq_str(a->name, "names") || slice_eq_str(a->name, "character set") ||
	    slice_eq_str(a->name, "character_set_client");
}

/* Back to what the server would have without us. */
static bool
is_default(struct slice value)
{
	return slice_eq_nocase(value, slice_str("default"));
}

static bool
is_number(struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		if ((text.ptr[i] < '0' || text.ptr[i] > '9') && text.ptr[i] != '.' &&
		    !(i == 0 && text.ptr[i] == '-'))
			return false;
	}
	return text.len > 0;
}

/* Is it a completion_type that is not known here? COMMITs are answered by it. */
static bool
is_odd_completion(const struct assignment *a)
{
	bool digit =
	    a->value.len == 1 && is_number(a->value); /* the server refuses one that is no value */

	return slice_eq_str(a->name, "completion_type") && !digit &&
	    session_completion_of(a->value) == COMPLETION_UNKNOWN;
}

static bool
sets_isolation(struct slice name)
{
	return slice_eq_str(name, "transaction isolation") || slice_eq_str(name, "tx_isolation") ||
	    slice_eq_str(name, "transaction_isolation");
}

static bool
sets_access(struct slice name)
{
	return slice_eq_str(name, "transaction read") || slice_eq_str(name, "tx_read_only") ||
	    slice_eq_str(name, "transaction_read_only");
}

/* Must its value be known here, as it decides how statements are read or what a transaction sees? */
static bool
must_be_known(const struct assignment *a)
{
	if (a->kind == ASSIGN_NEXT)
		return true;
	return a->kind == ASSIGN_SESSION &&
	    (sets_isolation(a->name) || sets_access(a->name) || names_client_charset(a) ||
		slice_eq_str(a->name, "completion_type"));
}

static int
check_assignments(struct ctx *cx, const struct assignments *as)
{
	for (size_t i = 0; i < as->count; i++) {
		const struct assignment *a = &as->items[i];

		if (a->kind == ASSIGN_SESSION && names_client_charset(a) &&
		    charset_named(a->value).refused)
			return variables_refuse_charset(cx->err, a->value);
		if (a->kind == ASSIGN_SESSION && a->literal && is_odd_completion(a))
			return refuse(cx->err, ER_NOT_SUPPORTED_YET,
			    "completion_type other than NO_CHAIN, CHAIN, RELEASE, 0, 1 and 2");
		if (must_be_known(a) && !a->literal)
			return refuse(cx->err, ER_NOT_SUPPORTED_YET,
			    "SET %.*s to something that is no literal", SLICE_ARG(a->name));
	}
	return 0;
}

/* ---- values that must be known before they are set ---- */

/* Made of variables and of the servers' own functions, so that it has one value at the connection that
 * has the variables. */
static bool
is_plain_value(struct ctx *cx, struct session *s, struct slice value)
{
	struct statement st;
	struct slice sql = slice_str(arena_printf(&s->arena, "SELECT %.*s", SLICE_ARG(value)));

	if (statement_read(&s->arena, sql, session_modes(s), &st, cx->err) != 0) {
		err_clear(cx->err);
		return false;
	}
	return st.understood && st.kind == STATEMENT_SELECT && st.tables_count == 0 &&
	    !st.multiple && st.leaves == 0 && memchr(value.ptr, '?', value.len) == NULL;
}

/* The slot where SET will run: where the session has its variables, or any. */
static int
variables_slot(struct ctx *cx, struct session *s, int *slot)
{
	const struct route *route = s->loop->in_flight.route;
	const struct route_keyspace *where = session_place(s, route);

	*slot = session_keeper(s, LEAVES_VARIABLES);
	if (*slot < 0 && s->txn == TXN_OPEN)
		*slot = s->txn_slot;
	if (*slot < 0)
		*slot = s->home;
	if (*slot >= 0)
		return 0;
	if (where == NULL || where->server == NULL)
		where = route_any(route);
	if (where == NULL)
		return refuse(
		    cx->err, ER_BAD_DB_ERROR, "there is no keyspace with a primary tablet yet");
	return session_backend(cx, s, where, slot);
}

static void
put_value(struct buf *out, struct slice value)
{
	if (slice_is_null(value))
		buf_add_str(out, "NULL");
	else if (is_number(value))
		buf_add_slice(out, value);
	else
		quote_string(out, value);
}

/* A server's error is the client's answer: it would have been that of its SET. */
static int
ask(struct ctx *cx, struct session *s, struct slice expression, struct slice *out)
{
	struct mysql_rows rows;
	struct ctx inner = *cx;
	int slot = -1;

	inner.arena = &s->arena;
	TRY(variables_slot(cx, s, &slot));
	if (mysql_selectf(&inner, s->slots[slot]->client, &rows, "SELECT %.*s LIMIT 1",
		SLICE_ARG(expression)) != 0) {
		if (mysql_broken(s->slots[slot]->client))
			session_drop_backend(s, slot);
		return -1;
	}
	if (rows.rows == 0 || rows.columns == 0)
		return err_set(cx->err, ERR_CORRUPT, "a SELECT of one value without a row");
	*out = rows.values[0];
	session_rest(s);
	return 0;
}

int
variables_ask(struct ctx *cx, struct session *s, struct slice expression, struct slice *out)
{
	if (!is_plain_value(cx, s, expression))
		return refuse(cx->err, ER_NOT_SUPPORTED_YET,
		    "a statement's text from an expression of tables, stored functions or parameters");
	TRY(ask(cx, s, expression, out));
	if (slice_is_null(*out))
		*out = slice_str("NULL");
	return 0;
}

/* SET with the values of such expressions instead of them. */
static int
resolve(struct ctx *cx, struct session *s, struct request *q, struct assignments *as)
{
	SCOPED(buf)
	struct buf sql = BUF_INIT;
	SCOPED(buf)
	struct buf packet = BUF_INIT;
	struct statement *st = arena_new(&s->arena, struct statement);
	struct slice value;
	size_t done = 0;

	for (size_t i = 0; i < as->count; i++) {
		const struct assignment *a = &as->items[i];
		size_t at = (size_t)(a->value.ptr - q->sql.ptr);

		if (!must_be_known(a) || a->literal || slice_is_null(a->value) ||
		    !is_plain_value(cx, s, a->value))
			continue;
		buf_add_slice(&sql, slice_cut(q->sql, done, at));
		TRY(ask(cx, s, a->value, &value));
		put_value(&sql, value);
		done = at + a->value.len;
	}
	if (done == 0)
		return 0;
	buf_add_slice(&sql, slice_cut(q->sql, done, q->sql.len));
	q->sql = arena_dup(&s->arena, buf_slice(&sql));
	command_put_text(&packet, COM_QUERY, q->sql);
	q->packet = arena_dup(&s->arena, buf_slice(&packet));
	q->com = COM_QUERY;
	q->prepared = NULL;
	q->statement = st;
	TRY(statement_read(&s->arena, q->sql, session_modes(s), st, cx->err));
	return settings_read(&s->arena, q->sql, session_modes(s), as, cx->err);
}

/* ---- SET TRANSACTION ---- */

/* Words in lower case with one blank between them, without quotes: "read-committed" is "read committed". */
static struct slice
plain_words(struct arena *a, struct slice value)
{
	SCOPED(buf)
	struct buf out = BUF_INIT;

	for (size_t i = 0; i < value.len; i++) {
		uint8_t c = value.ptr[i];
		bool gap = c <= ' ' || c == '-' || c == '\'' || c == '"';

		if (!gap)
			buf_add_char(&out, (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c));
		else if (out.len > 0 && out.data[out.len - 1] != ' ')
			buf_add_char(&out, ' ');
	}
	return arena_dup(a, slice_trim(buf_slice(&out)));
}

struct next_value {
	const char *text;   /* behind SET TRANSACTION */
	const char *number; /* of tx_isolation, tx_read_only */
	bool access;
};

static const struct next_value NEXT_VALUES[] = {
	{ "isolation level read uncommitted", "0", false },
	{ "isolation level read committed", "1", false },
	{ "isolation level repeatable read", "2", false },
	{ "isolation level serializable", "3", false },
	{ "read only", "1", true },
	{ "read only", "on", true },
	{ "read only", "true", true },
	{ "read write", "0", true },
	{ "read write", "off", true },
	{ "read write", "false", true },
};

/* As the server would read it; NULL: we do not. */
static const char *
next_text(struct arena *a, const struct assignment *next)
{
	struct slice said = plain_words(a, next->value);
	const size_t prefix = strlen("isolation level ");

	for (size_t i = 0; i < sizeof NEXT_VALUES / sizeof NEXT_VALUES[0]; i++) {
		const struct next_value *v = &NEXT_VALUES[i];

		if (slice_eq_str(said, v->text))
			return v->text;
		if (sets_access(next->name) == v->access &&
		    (slice_eq_str(said, v->number) ||
			(!v->access && slice_eq_str(said, v->text + prefix))))
			return v->text;
	}
	return NULL;
}

static void
add_next(struct session *s, const struct assignment *a)
{
	const char *text = next_text(&s->arena, a);
	bool added;

	buf_swap(&s->begin, &s->next); /* nothing has begun */
	added =
	    session_begin_with(s, slice_str(arena_printf(&s->arena, "SET TRANSACTION %s", text)));
	buf_swap(&s->begin, &s->next);
	check(added);
}

/* No server knows yet which one will have the next transaction: it goes in front of its BEGIN, or of
 * the statement that is one. */
static int
set_next(struct ctx *cx, struct session *s, const struct assignments *as)
{
	for (size_t i = 0; i < as->count; i++) {
		if (as->items[i].kind != ASSIGN_NEXT || next_text(&s->arena, &as->items[i]) == NULL)
			return refuse(cx->err, ER_NOT_SUPPORTED_YET,
			    "this SET for the next transaction only: use SET SESSION TRANSACTION");
	}
	if (s->next.len > NEXT_MAX)
		return refuse(cx->err, ER_NOT_SUPPORTED_YET, "SET TRANSACTION so often");
	for (size_t i = 0; i < as->count; i++)
		add_next(s, &as->items[i]);
	return 0;
}

static bool
sets_next(const struct assignments *as)
{
	for (size_t i = 0; i < as->count; i++) {
		if (as->items[i].kind == ASSIGN_NEXT)
			return true;
	}
	return false;
}

/* ---- what the server has accepted ---- */

/* The value of an expression, where it was computed. */
static int
read_back(struct ctx *cx, struct session *s, struct assignment *a)
{
	struct backend *b = s->slots[s->last];
	struct mysql_rows rows;
	struct ctx inner = *cx;
	SCOPED(buf)
	struct buf text = BUF_INIT;

	inner.arena = &s->arena;
	if (b->state == BACKEND_PARKED)
		pool_unpark(&s->loop->pool, b);
	if (mysql_selectf(&inner, b->client, &rows, "SELECT @@session.%.*s LIMIT 1",
		SLICE_ARG(a->name)) != 0) {
		if (cx->err->kind != ERR_SERVER)
			return -1;
		err_clear(cx->err); /* it cannot be read: it stays where it is */
		return 0;
	}
	put_value(&text, rows.values[0]);
	/* With NO_BACKSLASH_ESCAPES a backslash is something else. */
	a->literal = memchr(text.data, '\\', text.len) == NULL;
	a->value = arena_dup(&s->arena, buf_slice(&text));
	session_rest(s);
	return 0;
}

/* A string's bytes, set and collation depend on what was set before, and would be repeated after it. */
static bool
is_ambiguous(const struct session *s, const struct assignment *a)
{
	static const char *const charsets[] = { "names", "character set", "character_set_client",
		"character_set_connection", "collation_connection" };

	if (a->kind != ASSIGN_USER || memchr(a->value.ptr, '\'', a->value.len) == NULL)
		return a->kind == ASSIGN_USER && memchr(a->value.ptr, '"', a->value.len) != NULL;
	for (size_t i = 0; i < sizeof charsets / sizeof charsets[0]; i++) {
		if (!slice_is_null(settings_get(&s->settings, charsets[i])))
			return true;
	}
	return s->modes != 0;
}

static void
learn_one(struct session *s, const struct assignment *a)
{
	bool own = a->kind == ASSIGN_SESSION || a->kind == ASSIGN_USER;

	if (a->kind == ASSIGN_GLOBAL)
		return;
	if (!own || !a->literal || is_ambiguous(s, a) || !settings_add(&s->settings, a)) {
		/* only this connection has it */
		session_keep(s, s->last, a->kind == ASSIGN_USER ? LEAVES_VARIABLES : LEAVES_OTHER);
		settings_forget(&s->settings, a->name);
		if (a->kind != ASSIGN_USER)
			s->only_slot = s->last >= 0 ? s->last : SLOTS_MAX;
	}
	if (a->kind == ASSIGN_SESSION && names_client_charset(a))
		s->charset = charset_named(a->value);
	if (a->kind == ASSIGN_SESSION && sets_isolation(a->name))
		s->isolation =
		    is_default(a->value) ? ISOLATION_REPEATABLE_READ : isolation_read(a->value);
}

/* It is to be repeated wherever the session goes. */
static int
learn(struct ctx *cx, struct session *s, const struct assignments *as)
{
	for (size_t i = 0; i < as->count; i++) {
		struct assignment *a = &as->items[i];

		if (a->kind == ASSIGN_SESSION && !a->literal && s->last >= 0 &&
		    s->slots[s->last] != NULL)
			TRY(read_back(cx, s, a));
		learn_one(s, a);
	}
	if (s->last >= 0 && s->slots[s->last] != NULL)
		s->slots[s->last]->settings = s->settings.version;
	return 0;
}

int
variables_set(struct ctx *cx, struct session *s, const struct request *q)
{
	struct assignments as;
	struct request known = *q;

	if (settings_read(&s->arena, q->sql, session_modes(s), &as, cx->err) != 0 ||
	    resolve(cx, s, &known, &as) != 0 || check_assignments(cx, &as) != 0)
		return task_cancelled() ? -1 : session_send_err(cx, s, cx->err);
	if (sets_next(&as) && s->txn == TXN_NONE)
		return set_next(cx, s, &as) == 0 ? session_send_ok(cx, s)
						 : session_send_err(cx, s, cx->err);
	if (sets_next(&as)) {
		(void)refuse(cx->err, ER_CANT_CHANGE_TX_CHARACTERISTICS,
		    "Transaction characteristics can't be changed while a transaction is in "
		    "progress");
		return session_send_err(cx, s, cx->err);
	}
	TRY(execute(cx, s, &known));
	return s->failed ? 0 : learn(cx, s, &as);
}
