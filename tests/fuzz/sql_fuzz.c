/*
 * Any bytes as a statement: no crash, spans inside the text, and every span that
 * a role was given to reads as its name.
 */
#include "base/buf.h"
#include "base/check.h"
#include "fuzz/fuzz.h"
#include "sql/fingerprint.h"
#include "sql/statement.h"

void
fuzz_one(struct slice sql)
{
	SCOPED(arena)
	struct arena arena = ARENA_INIT;
	SCOPED(buf)
	struct buf       print = BUF_INIT;
	struct statement s;
	struct err       err = { 0 };
	unsigned         modes = fuzz_choice(&sql) & 3u;

	if (statement_read(&arena, sql, modes, &s, &err) != 0) {
		check(err.kind == ERR_REFUSED);
		check(fingerprint_add(&print, sql, modes, &err) != 0);
		return;
	}
	check(fingerprint_add(&print, sql, modes, &err) == 0);
	for (size_t i = 0; i < s.tables_count; i++) {
		const struct table_ref *t = &s.tables[i];

		check(t->start < t->end && t->end <= sql.len);
		check((t->role == TABLE_UNCLEAR) == !s.understood);
		check(!slice_is_null(t->table) || !slice_is_null(t->database));
	}
}
