#include "tablet/table/definition.h"

#include "base/hash.h"
#include "tablet/table/create_table.h"

static int
add_foreign(struct buf *out, struct slice clause, const struct table_set *set, struct err *err)
{
	SCOPED(arena) struct arena scratch = ARENA_INIT;
	struct foreign_key key;
	int parent;

	if (set == NULL)
		return 0;
	TRY(foreign_read(&scratch, set->database, clause, &key, err));
	parent = table_set_find(set, key.database, key.table);
	if (parent < 0)
		return 0;
	foreign_add_clause(out, &key, arena_printf(&scratch, "%d", parent));
	buf_add_char(out, '\n');
	return 0;
}

/* The first line, which is left out, has nothing but the name. */
int
definition_hash(struct arena *a, const char *text, const struct table_set *set, const char **out,
    struct err *err)
{
	SCOPED(arena) struct arena scratch = ARENA_INIT;
	SCOPED(buf) struct buf body = BUF_INIT;
	struct create_table create;

	TRY(create_table_read(&scratch, slice_str(text), &create, err));
	for (int i = 0; i < create.clauses_count; i++) {
		const struct clause *c = &create.clauses[i];

		if (c->kind == CLAUSE_FOREIGN) {
			TRY(add_foreign(&body, c->text, set, err));
			continue;
		}
		buf_add_slice(&body, c->text);
		buf_add_char(&body, '\n');
	}
	buf_add_slice(&body, create.options);
	*out = arena_printf(a, "%016llx", (unsigned long long)hash_bytes(buf_slice(&body)));
	return 0;
}
