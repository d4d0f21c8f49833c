#include "gate/answer_names.h"
#include "mysql/result.h"
#include "test.h"

static struct plan_name names[] = {
	{ { (const uint8_t *)"new", 3 }, { (const uint8_t *)"people", 6 },
	    { (const uint8_t *)"old", 3 }, { (const uint8_t *)"users", 5 } },
	{ { (const uint8_t *)"new", 3 }, { (const uint8_t *)"u", 1 }, { (const uint8_t *)"new", 3 },
	    { (const uint8_t *)"u", 1 } },
};

static struct answer_names
all_names(void)
{
	return (struct answer_names){ .names = names,
		.count = 2,
		.database = slice_str("new"),
		.as_database = slice_str("old") };
}

/* "schema table org_table name" of the column as it is sent on; behind it everything is as it was. */
static void
expect_column(uint64_t caps, const struct column_def *def, const char *want)
{
	struct answer_names a = all_names();
	struct column_def seen;
	struct err err = { 0 };
	SCOPED(buf)
	struct buf told = BUF_INIT, sent = BUF_INIT, got = BUF_INIT;

	a.caps = caps;
	column_def_put(&told, caps, def);
	buf_add_str(&told,
	    "\xfb"
	    "default"); /* as COM_FIELD_LIST has it */
	expect_ok(answer_names_definition(&a, buf_slice(&told), &sent, &err), &err);
	expect_ok(column_def_read(buf_slice(&sent), caps, &seen, &err), &err);
	buf_addf(&got, "%.*s %.*s %.*s %.*s", SLICE_ARG(seen.schema), SLICE_ARG(seen.table),
	    SLICE_ARG(seen.org_table), SLICE_ARG(seen.name));
	expect_str(got.data, want);
	expect(seen.length == def->length && seen.type == def->type && seen.flags == def->flags);
	expect(slice_eq(seen.extended, def->extended));
	expect(slice_eq_str(slice_cut(buf_slice(&sent), sent.len - 8, sent.len),
	    "\xfb"
	    "default"));
}

static struct column_def
column(const char *schema, const char *table, const char *org_table)
{
	return (struct column_def){ .schema = slice_str(schema),
		.table = slice_str(table),
		.org_table = slice_str(org_table),
		.name = slice_str("c"),
		.org_name = slice_str("c0"),
		.extended = slice_str(""),
		.length = 70000,
		.type = 3,
		.flags = 0x4203 };
}

TEST(extended_metadata_that_a_client_expects_and_a_server_has_not_is_empty)
{
	struct column_def def = column("new", "x", "people"), seen;
	struct answer_names a = { .extends = true, .database = slice_str("new") };
	struct err err = { 0 };
	SCOPED(buf) struct buf told = BUF_INIT, sent = BUF_INIT;

	column_def_put(&told, 0, &def);
	expect_ok(answer_names_definition(&a, buf_slice(&told), &sent, &err), &err);
	expect_ok(
	    column_def_read(buf_slice(&sent), CAP_MARIADB_EXTENDED_METADATA, &seen, &err), &err);
	expect(slice_eq_str(seen.schema, "new") && slice_eq_str(seen.table, "x"));
	expect(slice_eq_str(seen.org_table, "people") && slice_eq_str(seen.org_name, "c0"));
	expect(seen.extended.len == 0 && seen.length == def.length && seen.flags == def.flags);
}

TEST(columns_are_called_as_the_client_calls_their_table)
{
	struct column_def def = column("new", "people", "people");

	expect_column(0, &def, "old users users c");
	def = column("new", "x", "people");
	expect_column(0, &def, "old x users c");
	def.extended = slice_str("\1\4json");
	expect_column(CAP_MARIADB_EXTENDED_METADATA, &def, "old x users c");
	def = column("new", "u", "u"); /* it was named so */
	expect_column(0, &def, "new u u c");
	def = column("new", "d", "d"); /* a derived table */
	expect_column(0, &def, "old d d c");
	def = column("third", "people", "people");
	expect_column(0, &def, "third people people c");
	def = column("", "", "");
	expect_column(0, &def, "   c");
}

static void
expect_row(
    struct answer_names *a, const char *told, size_t told_len, const char *want, size_t want_len)
{
	struct err err = { 0 };
	SCOPED(buf)
	struct buf sent = BUF_INIT;

	expect_ok(answer_names_row(a, slice_of(told, told_len), &sent, &err), &err);
	expect(slice_eq(buf_slice(&sent), slice_of(want, want_len)));
}

#define ROW(a, told, want) expect_row(a, told, sizeof(told) - 1, want, sizeof(want) - 1)

TEST(rows_of_checks_name_the_clients_table)
{
	struct answer_names a = all_names();

	a.in_rows = true;
	a.columns = 2;
	ROW(&a, "\012new.people\1x", "\011old.users\1x");
	ROW(&a, "\6people\1x", "\5users\1x");
	ROW(&a, "\5new.u\1x", "\5new.u\1x");
	ROW(&a, "\13new.peoples\1x", "\13new.peoples\1x");
	ROW(&a, "\373\1x", "\373\1x");
	a.binary = true;
	ROW(&a, "\0\0\012new.people\7", "\0\0\011old.users\7");
	ROW(&a, "\0\4\1x", "\0\4\1x");
}

TEST(a_definition_begins_with_the_clients_name)
{
	struct answer_names a = all_names();

	a.in_rows = a.defined = true;
	a.columns = 2;
	a.count = 1;
	ROW(&a, "\6people\34CREATE TABLE `people` (x INT)",
	    "\5users\33CREATE TABLE `users` (x INT)");
	ROW(&a, "\6people\2no", "\5users\2no");
	a.binary = true;
	ROW(&a, "\0\0\6people\23CREATE VIEW people ", "\0\0\5users\24CREATE VIEW `users` ");
}

TEST(errors_name_the_clients_table)
{
	const struct plan plan = { .names = names, .names_count = 2 };
	SCOPED(buf)
	struct buf out = BUF_INIT;

	answer_names_text(&plan,
	    slice_str(
		"`c` failed for `new`.`people`, 'new.people' and 'new.u', `new`.`peoples`, it's"),
	    &out);
	expect_str(out.data,
	    "`c` failed for `old`.`users`, 'old.users' and 'new.u', `new`.`peoples`, it's");
}

TEST(what_ends_too_early_is_an_error)
{
	struct answer_names a = all_names();
	struct err err = { 0 };
	SCOPED(buf)
	struct buf out = BUF_INIT;

	expect(answer_names_definition(&a, slice_of("\3de", 3), &out, &err) == -1);
	expect(answer_names_row(&a, slice_of("\12new", 4), &out, &err) == -1);
}
