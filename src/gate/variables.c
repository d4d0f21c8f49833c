#include "gate/variables.h"

#include "gate/refuse.h"

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

/* The server has accepted it: it is to be repeated wherever the session goes. */
static void
learn(struct session *s, const struct assignments *as)
{
	for (size_t i = 0; i < as->count; i++) {
		const struct assignment *a = &as->items[i];
		bool                     own = a->kind == ASSIGN_SESSION || a->kind == ASSIGN_USER;

		if (a->kind == ASSIGN_GLOBAL)
			continue;
		if (!own || !a->literal || !settings_add(&s->settings, a))
			session_keep(s, s->last); /* only this connection has it */
		if (a->kind == ASSIGN_SESSION && sets_isolation(a->name))
			s->isolation = is_default(a->value) ? ISOLATION_REPEATABLE_READ
							    : isolation_read(a->value);
	}
	if (s->last >= 0 && s->slots[s->last] != NULL)
		s->slots[s->last]->settings = s->settings.version;
}

int
variables_set(struct ctx *cx, struct session *s, const struct request *q)
{
	struct assignments as;

	if (settings_read(&s->arena, q->sql, s->modes, &as, cx->err) != 0 ||
	    check_assignments(cx, &as) != 0)
		return session_send_err(cx, s, cx->err);
	TRY(execute(cx, s, q));
	if (!s->failed)
		learn(s, &as);
	return 0;
}
