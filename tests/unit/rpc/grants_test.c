/* The statements that make our accounts at a server of each flavour. */
#include "rpc/grants.h"

#include "base/arena.h"
#include "mysql/flavour.h"
#include "test.h"

#include <stdlib.h>

static struct credentials *
some_accounts(void)
{
	struct credentials *c = calloc(1, sizeof(*c));

	strcpy(c->app.user, "a'p\\p");
	strcpy(c->stream.user, "stream");
	strcpy(c->dba.user, "dba");
	secret_set(&c->app.password, slice_str("it's; -- \\"));
	secret_set(&c->stream.password, slice_str("s"));
	secret_set(&c->dba.password, slice_str("d"));
	return c;
}

static void
print(struct buf *out, const char *version)
{
	struct credentials *c = some_accounts();
	struct grants g = { .accounts = c, .where = { "my_shop", "_our" }, .host = "10.0.%" };
	struct err err = { 0 };

	expect_ok(flavour_find(version, &g.dialect, &err), &err);
	grants_print(out, &g);
	free(c);
}

#define ONLY_R "-- for moves with --with-routines:\n"
#define BEGIN                                                                                      \
	"SET SESSION sql_mode='';\n"                                                               \
	"CREATE USER IF NOT EXISTS 'a\\'p\\\\p'@'10.0.%' IDENTIFIED BY 'it\\'s; -- \\\\';\n"       \
	"GRANT SELECT, INSERT, UPDATE, DELETE ON `my\\_shop`.* TO 'a\\'p\\\\p'@'10.0.%';\n" ONLY_R \
	"GRANT EXECUTE ON `my\\_shop`.* TO 'a\\'p\\\\p'@'10.0.%';\n"                               \
	"CREATE USER IF NOT EXISTS 'stream'@'10.0.%' IDENTIFIED BY 's';\n"                         \
	"GRANT SELECT, INSERT, UPDATE, DELETE ON `my\\_shop`.* TO 'stream'@'10.0.%';\n"            \
	"GRANT SELECT, INSERT, UPDATE, DELETE ON `\\_our`.* TO 'stream'@'10.0.%';\n"
#define DBA                                                                                        \
	"CREATE USER IF NOT EXISTS 'dba'@'10.0.%' IDENTIFIED BY 'd';\n"                            \
	"GRANT SELECT, CREATE, DROP, ALTER, INDEX, TRIGGER, LOCK TABLES, SHOW VIEW, EVENT"
#define WITH_VIEWS                                                                                        \
	"-- for moves with --with-views:\nGRANT CREATE VIEW ON `my\\_shop`.* TO 'dba'@'10.0.%';\n" ONLY_R \
	"GRANT CREATE ROUTINE, ALTER ROUTINE ON `my\\_shop`.* TO 'dba'@'10.0.%';\n"                       \
	"GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, LOCK TABLES ON `\\_our`.* TO 'dba'@'10.0.%';\n"    \
	"-- for another release to bring our tables up to date:\n"                                        \
	"GRANT ALTER ON `\\_our`.* TO 'dba'@'10.0.%';\n"                                                  \
	"-- to see who keeps tables from moving, and for moves of events:\n"                              \
	"GRANT PROCESS ON *.* TO 'dba'@'10.0.%';\n"
#define END                                                                                        \
	"-- what else applications do, for example all:\n"                                         \
	"-- GRANT ALL PRIVILEGES ON `my\\_shop`.* TO 'a\\'p\\\\p'@'10.0.%';\n"
#define KEPT_OUT "-- to keep statements out of the binlog that has their rows:\n"
#define REPLICAS "-- to see the replicas that follow the server:\n"

TEST(accounts_of_mariadb)
{
	static const char wanted[] =
	    BEGIN "GRANT REPLICATION SLAVE, BINLOG MONITOR ON *.* TO 'stream'@'10.0.%';\n" KEPT_OUT
		  "GRANT BINLOG ADMIN ON *.* TO 'stream'@'10.0.%';\n" DBA
		  " ON `my\\_shop`.* TO 'dba'@'10.0.%';\n" WITH_VIEWS
		  "GRANT BINLOG MONITOR ON *.* TO 'dba'@'10.0.%';\n" KEPT_OUT
		  "GRANT BINLOG ADMIN ON *.* TO 'dba'@'10.0.%';\n" REPLICAS
		  "GRANT REPLICATION MASTER ADMIN ON *.* TO 'dba'@'10.0.%';\n"
		  "GRANT SELECT ON mysql.proc TO 'dba'@'10.0.%';\n" END;
	SCOPED(buf) struct buf out = BUF_INIT;

	print(&out, "10.11.19-MariaDB-log");
	expect_slice(buf_slice(&out), slice_str(wanted));
	buf_reset(&out);
	print(&out, "11.8.2-MariaDB");
	expect_slice(buf_slice(&out), slice_str(wanted));
}

TEST(accounts_of_mysql)
{
	static const char wanted[] = BEGIN
	    "GRANT REPLICATION SLAVE, REPLICATION CLIENT, XA_RECOVER_ADMIN ON *.* TO 'stream'@'10.0.%';\n"
	    "-- to limit a copy by the source's history list (--max-load):\n"
	    "GRANT PROCESS ON *.* TO 'stream'@'10.0.%';\n" DBA
	    ", REFERENCES ON `my\\_shop`.* TO 'dba'@'10.0.%';\n" WITH_VIEWS
	    "GRANT REPLICATION CLIENT, XA_RECOVER_ADMIN, SHOW_ROUTINE ON *.* TO 'dba'@'10.0.%';\n" REPLICAS
	    "GRANT REPLICATION SLAVE ON *.* TO 'dba'@'10.0.%';\n"
	    "GRANT SELECT ON performance_schema.* TO 'dba'@'10.0.%';\n" END;
	SCOPED(buf) struct buf out = BUF_INIT;

	print(&out, "9.7.4");
	expect_slice(buf_slice(&out), slice_str(wanted));
}

/* What is missing is granted by the same table as what is printed: each row comes once, and the walk ends. */
TEST(privileges_of_a_flavour_are_walked_once)
{
	static const char *const versions[] = { "10.11.19-MariaDB", "9.7.4" };

	for (size_t v = 0; v < 2; v++) {
		const struct dialect *d;
		const struct privilege *seen[200];
		struct err err = { 0 };
		size_t n = 0;

		expect_ok(flavour_find(versions[v], &d, &err), &err);
		for (const struct privilege *p = NULL; (p = grant_next(d, p)) != NULL; n++) {
			expect(n < sizeof(seen) / sizeof(seen[0]));
			seen[n] = p;
			for (size_t i = 0; i < n; i++)
				expect(seen[i]->account != p->account ||
				    strcmp(seen[i]->place, p->place) != 0 ||
				    strcmp(seen[i]->name, p->name) != 0);
		}
		expect(n > 30);
	}
}
