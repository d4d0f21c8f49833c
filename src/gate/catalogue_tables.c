#include "gate/catalogue_tables.h"

/* Of both flavours; one that the home does not have is its error to tell, one that a source does not have
 * is empty. */
/* clang-format off */
static const struct catalogue_table TABLES[] = {
	{ .name = "TABLES", .schema = "TABLE_SCHEMA", .table = "TABLE_NAME" },
	{ .name = "COLUMNS", .schema = "TABLE_SCHEMA", .table = "TABLE_NAME" },
	{ .name = "STATISTICS", .schema = "TABLE_SCHEMA", .table = "TABLE_NAME",
	    .schemas = { "INDEX_SCHEMA" } },
	{ .name = "KEY_COLUMN_USAGE", .schema = "TABLE_SCHEMA", .table = "TABLE_NAME",
	    .schemas = { "CONSTRAINT_SCHEMA" },
	    .to_schema = "REFERENCED_TABLE_SCHEMA", .to_table = "REFERENCED_TABLE_NAME" },
	{ .name = "TABLE_CONSTRAINTS", .schema = "TABLE_SCHEMA", .table = "TABLE_NAME",
	    .schemas = { "CONSTRAINT_SCHEMA" } },
	{ .name = "REFERENTIAL_CONSTRAINTS", .schema = "CONSTRAINT_SCHEMA", .table = "TABLE_NAME",
	    .to_schema = "UNIQUE_CONSTRAINT_SCHEMA", .to_table = "REFERENCED_TABLE_NAME" },
	{ .name = "CHECK_CONSTRAINTS", .schema = "CONSTRAINT_SCHEMA", .table = "TABLE_NAME",
	    .by_dialect = true },
	{ .name = "TRIGGERS", .schema = "EVENT_OBJECT_SCHEMA", .table = "EVENT_OBJECT_TABLE",
	    .schemas = { "TRIGGER_SCHEMA" },
	    .text = "ACTION_STATEMENT" },
	{ .name = "VIEWS", .schema = "TABLE_SCHEMA", .table = "TABLE_NAME", .text = "VIEW_DEFINITION" },
	{ .name = "PARTITIONS", .schema = "TABLE_SCHEMA", .table = "TABLE_NAME" },
	{ .name = "TABLE_PRIVILEGES", .schema = "TABLE_SCHEMA", .table = "TABLE_NAME",
	    .columns = "TABLE_CATALOG, TABLE_SCHEMA, TABLE_NAME, PRIVILEGE_TYPE, IS_GRANTABLE",
	    .grantee = true },
	{ .name = "COLUMN_PRIVILEGES", .schema = "TABLE_SCHEMA", .table = "TABLE_NAME",
	    .columns = "TABLE_CATALOG, TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME, PRIVILEGE_TYPE, IS_GRANTABLE",
	    .grantee = true },
	{ .name = "GEOMETRY_COLUMNS", .schema = "F_TABLE_SCHEMA", .table = "F_TABLE_NAME",
	    .schemas = { "G_TABLE_SCHEMA" },
	    .tables = { "G_TABLE_NAME" } },
	{ .name = "TABLE_STATISTICS", .schema = "TABLE_SCHEMA", .table = "TABLE_NAME" },
	{ .name = "INDEX_STATISTICS", .schema = "TABLE_SCHEMA", .table = "TABLE_NAME" },
	{ .name = "SCHEMATA", .schema = "SCHEMA_NAME" },
	{ .name = "SCHEMA_PRIVILEGES", .schema = "TABLE_SCHEMA", .pattern = true,
	    .columns = "TABLE_CATALOG, TABLE_SCHEMA, PRIVILEGE_TYPE, IS_GRANTABLE", .grantee = true },
	{ .name = "USER_PRIVILEGES", .columns = "TABLE_CATALOG, PRIVILEGE_TYPE, IS_GRANTABLE",
	    .grantee = true },
	{ .name = "PROCESSLIST", .clients = true },
	{ .name = "ROUTINES", .schema = "ROUTINE_SCHEMA" },
	{ .name = "PARAMETERS", .schema = "SPECIFIC_SCHEMA" },
	{ .name = "EVENTS", .schema = "EVENT_SCHEMA" },
};
/* clang-format on */

const struct catalogue_table *
catalogue_table(struct slice name)
{
	for (size_t i = 0; i < sizeof TABLES / sizeof TABLES[0]; i++) {
		if (slice_eq_nocase(name, slice_str(TABLES[i].name)))
			return &TABLES[i];
	}
	return NULL;
}

static bool
is_one(struct slice column, const char *first, const char *const *others)
{
	if (first != NULL && slice_eq_nocase(column, slice_str(first)))
		return true;
	for (size_t i = 0; i < CATALOGUE_OTHERS && others[i] != NULL; i++) {
		if (slice_eq_nocase(column, slice_str(others[i])))
			return true;
	}
	return false;
}

bool
catalogue_is_schema(const struct catalogue_table *t, struct slice column)
{
	return is_one(column, t->schema, t->schemas);
}

bool
catalogue_is_table(const struct catalogue_table *t, struct slice column)
{
	return is_one(column, t->table, t->tables);
}
