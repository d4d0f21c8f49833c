#include "tablet/account_name.h"

#include "rpc/grants.h"

int
account_name(struct ctx *cx, struct mysql_client *c, const char **out)
{
	SCOPED(buf) struct buf name = BUF_INIT;
	struct mysql_rows rows;
	const uint8_t *at;

	/* LIMIT: an init_connect may have limited what a session's statements answer. */
	TRY(mysql_select(cx, c, slice_str("SELECT CURRENT_USER() LIMIT 1"), &rows));
	struct slice whole = rows.rows == 1 ? rows.values[0] : SLICE_NULL;
	at = whole.len == 0 ? NULL : memrchr(whole.ptr, '@', whole.len);
	if (at == NULL)
		return err_set(cx->err, ERR_CORRUPT, "CURRENT_USER() names no host");
	grant_account(&name, slice_cut(whole, 0, (size_t)(at - whole.ptr)),
	    slice_cut(whole, (size_t)(at - whole.ptr) + 1, whole.len));
	*out = arena_slice_str(cx->arena, buf_slice(&name));
	return 0;
}
