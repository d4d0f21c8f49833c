#include "gate/variables.h"

#include "base/check.h"
#include "gate/refuse.h"
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

/* A COMMIT that is answered here, because no server knows of the transaction, begins nothing. */
static bool
chains(const struct assignment *a)
{
	return slice_eq_str(a->name, "completion_type") &&
	       !slice_eq_str(a->value, "0") && !is_default(a->value) &&
	       !slice_eq_nocase(a->value, slice_str("no_chain")) &&
	       !slice_eq_nocase(a->value, slice_str("'no_chain'"));
}

static int
check_assignments(struct ctx *cx, const struct assignments *as)
{
	for (size_t i = 0; i < as->count; i++) {
		const struct assignment *a = &as->items[i];

		if (a->kind == ASSIGN_SESSION && names_client_charset(a) &&
		    charset_is_refused(a->value))
			return variables_refuse_charset(cx->err, a->value);
		if (a->kind == ASSIGN_SESSION && chains(a))
			return refuse(cx->err, ER_NOT_SUPPORTED_YET,
			    "completion_type other than NO_CHAIN: say COMMIT AND CHAIN");
		if (a->kind == ASSIGN_SESSION && !a->literal &&
		    (slice_starts(a->name, "transaction") ||
			slice_eq_str(a->name, "tx_isolation") || names_client_charset(a)))
			return refuse(cx->err, ER_NOT_SUPPORTED_YET,
			    "SET %.*s to something that is no literal", SLICE_ARG(a->name));
	}
	return 0;
}

static bool
sets_isolation(struct slice name)
{
	return slice_eq_str(name, "transaction isolation") || slice_eq_str(name, "tx_isolation") ||
	       slice_eq_str(name, "transaction_isolation");
}

/* ---- SET TRANSACTION ---- */

/* As the server would read it; NULL: we do not. */
static const char *
next_text(const struct assignment *a)
{
	static const char *const texts[] = { "isolation level read uncommitted",
		"isolation level read committed", "isolation level repeatable read",
		"isolation level serializable", "read only", "read write" };

	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		if (slice_eq_nocase(a->value, slice_str(texts[i])))
			return texts[i];
	}
	return NULL;
}

/* No server knows yet which one will have the next transaction: it goes in front of its BEGIN. */
static int
set_next(struct ctx *cx, struct session *s, const struct assignments *as)
{
	const char *text = as->count == 1 && slice_starts(as->items[0].name, "transaction ")
	    ? next_text(&as->items[0])
	    : NULL;
	bool        added;

	if (text == NULL || !s->autocommit)
		return refuse(cx->err, ER_NOT_SUPPORTED_YET,
		    "this SET for the next transaction only: use SET SESSION TRANSACTION");
	if (s->next.len > NEXT_MAX)
		return refuse(cx->err, ER_NOT_SUPPORTED_YET, "SET TRANSACTION so often");
	buf_swap(&s->begin, &s->next); /* nothing has begun */
	added = session_begin_with(
	    s, slice_str(arena_printf(&s->arena, "SET TRANSACTION %s", text)));
	buf_swap(&s->begin, &s->next);
	check(added);
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

/* The value of an expression, where it was computed. */
static int
read_back(struct ctx *cx, struct session *s, struct assignment *a)
{
	struct backend   *b = s->slots[s->last];
	struct mysql_rows rows;
	struct ctx        inner = *cx;
	SCOPED(buf)
	struct buf text = BUF_INIT;

	inner.arena = &s->arena;
	if (b->state == BACKEND_PARKED)
		pool_unpark(&s->hall->pool, b);
	if (mysql_selectf(&inner, b->client, &rows, "SELECT @@session.%.*s", SLICE_ARG(a->name)) !=
	    0) {
		if (cx->err->kind != ERR_SERVER)
			return -1;
		err_clear(cx->err); /* it cannot be read: it stays where it is */
		return 0;
	}
	if (slice_is_null(rows.values[0]))
		buf_add_str(&text, "NULL");
	else if (is_number(rows.values[0]))
		buf_add_slice(&text, rows.values[0]);
	else
		quote_string(&text, rows.values[0]);
	/* With NO_BACKSLASH_ESCAPES a backslash is something else. */
	a->literal = memchr(text.data, '\\', text.len) == NULL;
	a->value = arena_dup(&s->arena, buf_slice(&text));
	session_rest(s);
	return 0;
}

static void
learn_one(struct session *s, const struct assignment *a)
{
	bool own = a->kind == ASSIGN_SESSION || a->kind == ASSIGN_USER;

	if (a->kind == ASSIGN_GLOBAL)
		return;
	if (!own || !a->literal || !settings_add(&s->settings, a)) {
		/* only this connection has it */
		session_keep(s, s->last, a->kind == ASSIGN_USER ? LEAVES_VARIABLES : LEAVES_OTHER);
		settings_forget(&s->settings, a->name);
		if (a->kind != ASSIGN_USER)
			s->only_slot = s->last >= 0 ? s->last : SLOTS_MAX;
	}
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

	if (settings_read(&s->arena, q->sql, s->modes, &as, cx->err) != 0 ||
	    check_assignments(cx, &as) != 0)
		return session_send_err(cx, s, cx->err);
	if (sets_next(&as) && s->txn == TXN_NONE)
		return set_next(cx, s, &as) == 0 ? session_send_ok(cx, s)
						 : session_send_err(cx, s, cx->err);
	if (sets_next(&as)) {
		(void)refuse(cx->err, ER_CANT_CHANGE_TX_CHARACTERISTICS,
		    "Transaction characteristics can't be changed while a transaction is in "
		    "progress");
		return session_send_err(cx, s, cx->err);
	}
	TRY(execute(cx, s, q));
	return s->failed ? 0 : learn(cx, s, &as);
}
