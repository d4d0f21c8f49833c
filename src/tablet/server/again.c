#include "tablet/server/again.h"

#include "base/mutant.h"

bool
again_wanted(const struct err *err, int *tries)
{
	enum { ER_LOCK_DEADLOCK = 1213, TRIES = 5 };

	return err->kind == ERR_SERVER && err->mysql_errno == ER_LOCK_DEADLOCK &&
	    ++*tries < TRIES && !mutant("tablet_victims_left");
}

int
again_exec(struct ctx *cx, struct mysql_client *c, struct slice sql, struct mysql_ok *ok)
{
	int tries = 0;

	while (mysql_exec(cx, c, sql, ok) != 0) {
		if (!again_wanted(cx->err, &tries))
			return -1;
		err_clear(cx->err);
	}
	return 0;
}

int
again_delete(struct ctx *cx, struct mysql_client *c, struct stream_id id, const char *table)
{
	SCOPED(buf) struct buf sql = BUF_INIT;

	buf_add_str(&sql, "DELETE FROM ");
	sidecar_table(&sql, id.sidecar, table);
	sidecar_where_stream(&sql, id);
	return again_exec(cx, c, buf_slice(&sql), NULL);
}
