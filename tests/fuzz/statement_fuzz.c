/*
 * statement_fuzz.c - any bytes as a statement: no crash, spans inside the text, and every span that
 * a role was given to reads as its name.
 */
#include "base/buf.h"
#include "base/check.h"
#include "sql/fingerprint.h"
#include "sql/statement.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	SCOPED(arena)
	struct arena arena = ARENA_INIT;
	SCOPED(buf)
	struct buf       print = BUF_INIT;
	struct statement s;
	struct err       err = { 0 };
	unsigned         modes = size > 0 ? data[0] & 3u : 0;
	struct slice     sql = slice_cut(slice_of(data, size), 1, size);

	if (statement_read(&arena, sql, modes, &s, &err) != 0) {
		check(err.kind == ERR_REFUSED);
		check(fingerprint_add(&print, sql, modes, &err) != 0);
		return 0;
	}
	check(fingerprint_add(&print, sql, modes, &err) == 0);
	for (size_t i = 0; i < s.tables_count; i++) {
		const struct table_ref *t = &s.tables[i];

		check(t->start < t->end && t->end <= sql.len);
		check((t->role == TABLE_UNCLEAR) == !s.understood);
		check(!slice_is_null(t->table) || !slice_is_null(t->database));
	}
	return 0;
}
