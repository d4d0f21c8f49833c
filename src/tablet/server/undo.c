#include "tablet/server/undo.h"

int
undo_exec(struct ctx *cx, struct mysql_client *c, const char *sql, int rc)
{
	struct err first = *cx->err;

	if (mysql_broken(c))
		return -1;
	if (mysql_exec(cx, c, slice_str(sql), NULL) != 0 && rc == 0)
		return -1;
	return rc == 0 ? 0 : err_copy(cx->err, &first);
}
