#include "tablet/table/stored_mode.h"
#include "test.h"

TEST(stored_mode_that_goes_without_saying)
{
	static const struct dialect mariadb, mysql = { .grants_make_no_account = true };
	static const struct {
		const char *said, *mysql;
	} rows[] = {
		{ "", "" },
		{ "NO_AUTO_CREATE_USER", "" },
		{ "STRICT_TRANS_TABLES,NO_AUTO_CREATE_USER,NO_ENGINE_SUBSTITUTION",
		    "STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION" },
		{ "ANSI_QUOTES,ORACLE", "ANSI_QUOTES,ORACLE" },
	};
	SCOPED(arena) struct arena a = ARENA_INIT;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		expect_str(stored_mode_for(&a, &mysql, rows[i].said), rows[i].mysql);
		expect_str(stored_mode_for(&a, &mariadb, rows[i].said), rows[i].said);
		/* there, and what it became on the way back */
		expect(stored_mode_is_same(&mysql, rows[i].mysql, rows[i].said));
		expect(stored_mode_is_same(&mariadb, rows[i].said, rows[i].mysql));
		expect(stored_mode_is_same(&mariadb, rows[i].said, rows[i].said));
	}
	expect(!stored_mode_is_same(&mariadb, "ANSI_QUOTES", "ANSI_QUOTES,NO_AUTO_CREATE_USER"));
	expect(!stored_mode_is_same(&mysql, "", "ANSI_QUOTES,NO_AUTO_CREATE_USER"));
}
