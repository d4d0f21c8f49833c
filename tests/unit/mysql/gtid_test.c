#include "mysql/gtid.h"

#include "mysql/flavour.h"
#include "test.h"

static struct gtid_list
list(const char *text)
{
	struct gtid_list l = { 0 };
	struct err err = { 0 };

	expect_ok(gtid_list_parse(&l, slice_str(text), &err), &err);
	return l;
}

TEST(gtid_print_what_was_parsed)
{
	static const char *const rows[][2] = {
		{ "", "" },
		{ "0-1-42", "0-1-42" },
		{ "5-1-7,0-2-3", "0-2-3,5-1-7" },
		{ " 1-2-3 , 2-2-18446744073709551615 ", "1-2-3,2-2-18446744073709551615" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		SCOPED(buf) struct buf b = BUF_INIT;
		struct gtid_list l = list(rows[i][0]);

		gtid_list_print(&b, &l);
		expect_str(b.data, rows[i][1]);
		gtid_list_done(&l);
	}
}

TEST(gtid_refuse_what_is_none)
{
	static const char *const rows[] = {
		"0-1",
		"0-1-",
		"a-1-2",
		"0-1-2-3",
		"0-1-2,",
		"0-1-2,0-1-3",
		"4294967296-1-1",
		"-1-1-1",
		",0-1-1",
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct gtid_list l = { 0 };
		struct err err = { 0 };

		if (gtid_list_parse(&l, slice_str(rows[i]), &err) == 0)
			test_fail(__FILE__, __LINE__, "'%s' was accepted", rows[i]);
		expect_eq(err.kind, ERR_REFUSED);
		gtid_list_done(&l);
	}
}

TEST(gtid_add_and_contain)
{
	struct gtid_list l = list("0-1-10,2-1-5"), part = list("0-9-10");
	struct err err = { 0 };

	expect(gtid_list_contains(&l, (struct gtid){ 0, 7, 10 })); /* whatever the server */
	expect(!gtid_list_contains(&l, (struct gtid){ 0, 1, 11 }));
	expect(!gtid_list_contains(&l, (struct gtid){ 1, 1, 1 }));
	expect(gtid_list_covers(&l, &part));
	expect(!gtid_list_covers(&part, &l));
	expect_ok(gtid_list_add(&l, (struct gtid){ 0, 3, 11 }, &err), &err);
	expect_eq(gtid_list_find(&l, 0)->server, 3);
	expect(gtid_list_add(&l, (struct gtid){ 0, 3, 11 }, &err) != 0 && err.kind == ERR_CORRUPT);
	gtid_list_done(&l);
	gtid_list_done(&part);
}

TEST(gtid_domains_are_bounded)
{
	struct gtid_list l = { 0 };
	struct err err = { 0 };

	for (uint32_t d = 0; d < GTID_DOMAINS_MAX; d++)
		expect_ok(gtid_list_add(&l, (struct gtid){ d, 1, 1 }, &err), &err);
	expect(gtid_list_add(&l, (struct gtid){ GTID_DOMAINS_MAX, 1, 1 }, &err) != 0);
	gtid_list_done(&l);
}

TEST(dialect_by_version)
{
	const struct dialect *d = NULL;
	struct err err = { 0 };

	expect_ok(flavour_find("10.11.19-MariaDB-0+deb12u1-log", &d, &err), &err);
	expect_str(d->name, "MariaDB");
	expect_ok(flavour_find("11.4.2-MariaDB", &d, &err), &err);
	expect(flavour_find("10.6.1-MariaDB", &d, &err) != 0 && err.kind == ERR_REFUSED);
	expect_str(err.hint, "use MariaDB 10.11 or newer");
	err_clear(&err);
	expect_ok(flavour_find("9.7.4", &d, &err), &err);
	expect_str(d->name, "MySQL");
	expect_ok(flavour_find("8.4.0-commercial", &d, &err), &err);
	expect(flavour_find("8.0.36", &d, &err) != 0 && err.kind == ERR_REFUSED);
	expect_str(err.hint, "use MySQL 8.4 or newer");
}
