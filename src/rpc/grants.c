#include "rpc/grants.h"

#include "sql/quote.h"

#include <string.h>

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
