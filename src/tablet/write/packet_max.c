#include "tablet/write/packet_max.h"

#include "base/parse.h"

int
packet_max_read(struct ctx *cx, struct mysql_client *target, uint64_t *out)
{
	SCOPED(arena) struct arena a = ARENA_INIT;
	struct ctx inner = *cx;
	struct mysql_rows rows;

	inner.arena = &a;
	TRY(mysql_select(&inner, target, slice_str("SELECT @@max_allowed_packet"), &rows));
	if (rows.rows != 1)
		return err_set(cx->err, ERR_CORRUPT, "the target does not tell max_allowed_packet");
	return parse_u64(rows.values[0], out, cx->err);
}

void
packet_max_refuse(struct err *err, const char *what, size_t bytes, uint64_t max)
{
	err_set(err, ERR_REFUSED,
	    "%s takes a statement of %zu bytes, and the target's max_allowed_packet is %llu", what,
	    bytes, (unsigned long long)max);
	err_hint(err,
	    "SET GLOBAL max_allowed_packet = 1073741824 at the target, then run the command again");
}
