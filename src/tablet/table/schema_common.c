#include "tablet/table/schema_common.h"

#include "binlog/coltype.h"
#include "sql/quote.h"
#include "tablet/table/clause_words.h"
#include "tablet/table/common_form.h"

/* Is the column named in the primary key or a unique one? One that is named in a comment there is taken for
 * it. */
static bool
in_unique(const struct create_table *create, const char *name)
{
	SCOPED(buf) struct buf quoted = BUF_INIT;

	quote_ident(&quoted, slice_str(name));
	for (int i = 0; i < create->clauses_count; i++) {
		const struct clause *c = &create->clauses[i];

		if ((c->kind == CLAUSE_PRIMARY || c->unique) &&
		    create_table_find(c->text, quoted.data) < c->text.len)
			return true;
	}
	return false;
}

int
schema_common(struct arena *a, const struct table_def *def, const struct create_table *create,
    const char **out, struct err *err)
{
	struct common_column *columns = arena_array(a, struct common_column, def->columns_count);
	const struct common_table t = { create, slice_str(def->name), slice_str(def->collation),
		columns, def->columns_count };

	for (int i = 0; i < def->columns_count; i++) {
		const struct column *c = &def->columns[i];

		columns[i] = (struct common_column){ .name = slice_str(c->name),
			.charset = c->collation == NULL ? SLICE_NULL : slice_str(c->type.charset),
			.collation = c->collation == NULL ? SLICE_NULL : slice_str(c->collation),
			.in_unique = in_unique(create, c->name) };
	}
	return common_form(a, &t, out, err);
}

/* "int unsigned", of a column's clause. */
static const char *
type_told(struct arena *a, const struct clause *clause)
{
	struct words w = { .rest = clause->text };
	struct slice type, brackets;

	(void)words_next(&w); /* its name */
	type = slice_trim(w.rest);
	(void)words_next(&w);
	words_take_brackets(&w, &brackets);
	(void)words_take(&w, "unsigned");
	(void)words_take(&w, "zerofill");
	return arena_slice_str(a, slice_trim(slice_cut(type, 0, (size_t)(w.rest.ptr - type.ptr))));
}

void
schema_take_types(struct arena *a, struct table_def *def, const struct create_table *create)
{
	for (int i = 0; i < def->columns_count && i < create->clauses_count; i++) {
		def->columns[i].told = type_told(a, &create->clauses[i]);
		if (!create_table_is_json(&create->clauses[i]))
			continue;
		coltype_set_json(&def->columns[i].type);
		def->columns[i].collation = NULL;
		def->checked = true;
	}
}
