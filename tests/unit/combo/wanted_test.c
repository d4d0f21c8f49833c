/* --keyspace NAME=KIND, of which a server that is there already is one: NAME=mysql://ADDRESS/DATABASE. */
#include "combo/wanted.h"
#include "test.h"

#include <stdio.h>

struct read {
	const char *text, *keyspace, *flavour, *address, *database;
};

static void
expect_read(const struct read *r)
{
	SCOPED(arena) struct arena a = ARENA_INIT;
	struct err err = { 0 };
	struct wanted_keyspace w;

	if (wanted_read(&a, r->text, &w, &err) != 0)
		test_fail(__FILE__, __LINE__, "'%s': %s", r->text, err.text);
	expect_str(w.keyspace, r->keyspace);
	expect_str(w.kind.flavour->name, r->flavour);
	expect_str(w.kind.address, r->address);
	expect_str(w.kind.database, r->database);
	expect_eq(dbkind_is_attached(&w.kind), r->address[0] != '\0');
	/* What is written down is read again at the next start. */
	if (r->address[0] != '\0')
		expect_str(w.kind.name, r->text + strlen(r->keyspace) + 1);
}

TEST(a_keyspace_with_its_kind)
{
	static const struct read rows[] = {
		{ "customer", "customer", "mariadb", "", "" },
		{ "customer=mysql", "customer", "mysql", "", "" },
		{ "a=b=mariadb-11.8", "a=b", "mariadb", "", "" },
		{ "k=mysql://db1:3306/shop", "k", "mysql", "db1:3306", "shop" },
		{ "a=b=mysql://db1.example.com:1/x=y", "a=b", "mysql", "db1.example.com:1", "x=y" },
		{ "k=mariadb://127.0.0.1:65535/shop", "k", "mariadb", "127.0.0.1:65535", "shop" },
		{ "k=mysql://[2001:db8::1]:3306/shop", "k", "mysql", "[2001:db8::1]:3306", "shop" },
		{ "k=mysql://[::1]:3306/k", "k", "mysql", "[::1]:3306", "k" },
		{ "k=mysql://[fe80::1%eth0]:3306/k", "k", "mysql", "[fe80::1%eth0]:3306", "k" },
		{ "k=mysql://[fe80::1%25eth0]:3306/k", "k", "mysql", "[fe80::1%eth0]:3306", "k" },
		{ "k=mysql://unix:/run/mysqld/mysqld.sock/shop", "k", "mysql",
		    "unix:/run/mysqld/mysqld.sock", "shop" },
		{ "k=mysql://unix:%2Frun%2fs.sock/shop", "k", "mysql", "unix:/run/s.sock", "shop" },
		{ "k=mysql://unix:/a://b/shop", "k", "mysql", "unix:/a://b", "shop" },
		{ "k=mysql://db1:3306/my%20shop", "k", "mysql", "db1:3306", "my shop" },
		{ "k=mysql://db1:3306/a%2Fb%40c%25d", "k", "mysql", "db1:3306", "a/b@c%d" },
		{ "k=mysql://db1:3306/100%", "k", "mysql", "db1:3306", "100%" },
		{ "k=mysql://db1:3306/%zz%4", "k", "mysql", "db1:3306", "%zz%4" },
		{ "k=mysql://db1:3306/größe", "k", "mysql", "db1:3306", "größe" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		expect_read(&rows[i]);
}

TEST(what_is_no_keyspace_and_kind_is_refused)
{
	static const struct {
		const char *text, *words;
	} rows[] = {
		{ "k=", "no kind of server behind the '='" },
		{ "=mysql", "has no name" },
		{ "k=oracle", "'oracle' is no kind of server" },
		{ "k=mysql-x", "is no kind of server" },
		{ "k=mysql-9.7.4", "is no kind of server" },
		{ "k=mariadb-11", "is no kind of server" },
		{ "k=oracle://db1:3306/shop", "is no kind of server" },
		{ "k=mysql-9.7://db1:3306/shop", "is no kind of server" },
		{ "k=mysql:/db1:3306/shop", "is no kind of server" },
		{ "mysql=mysql://db1:3306/shop", "database of the server's own" },
		{ "k=mysql://", "is no address and database" },
		{ "k=mysql:///shop", "is no address and database" },
		{ "k=mysql://db1:3306", "is no address and database" },
		{ "k=mysql://db1:3306/", "database has no name" },
		{ "k=mysql://db1/shop", "an address such as" },
		{ "k=mysql://:3306/shop", "an address such as" },
		{ "k=mysql://db1:/shop", "port of" },
		{ "k=mysql://db1:0/shop", "a server's port is 1 to 65535" },
		{ "k=mysql://db1:65536/shop", "port of" },
		{ "k=mysql://db1:x/shop", "port of" },
		{ "k=mysql://d b:3306/shop", "an address such as" },
		{ "k=mysql://d%20b:3306/shop", "an address such as" },
		{ "k=mysql://d%2Fb:3306/shop", "an address such as" },
		{ "k=mysql://[::1:3306/shop", "an address such as" },
		{ "k=mysql://::1/shop", "an address such as" },
		{ "k=mysql://unix:/shop", "a path has 1 to 107 bytes" },
		{ "k=mysql://unix:s.sock/shop", "a socket's path begins with '/'" },
		{ "k=mysql://db1:3306/a%00b", "is no address and database" },
		{ "k=mysql://db1:3306/a%0ab", "is not a name" },
		{ "k=mysql://db1:3306/%ff", "is not a name" },
		{ "k=mysql://root:secret@db1:3306/shop", "no account in it" },
		{ "k=mysql://db1:3306/shop?user=root@secret", "no account in it" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		SCOPED(arena) struct arena a = ARENA_INIT;
		struct err err = { 0 };
		struct wanted_keyspace w;

		if (wanted_read(&a, rows[i].text, &w, &err) == 0)
			test_fail(__FILE__, __LINE__, "'%s' was taken: '%s', '%s'", rows[i].text,
			    w.kind.address, w.kind.database);
		if (strstr(err.text, rows[i].words) == NULL)
			test_fail(__FILE__, __LINE__, "'%s': %s", rows[i].text, err.text);
		expect_eq(err.kind, ERR_REFUSED);
		expect(strstr(err.text, "secret") == NULL && strstr(err.hint, "secret") == NULL);
	}
}

/* Each bound, and the first byte behind it. */
TEST(long_addresses_and_databases)
{
	SCOPED(arena) struct arena a = ARENA_INIT;
	struct err err = { 0 };
	struct wanted_keyspace w;
	char path[120], name[80], text[600];

	memset(path, 'p', sizeof(path));
	memset(name, 'd', sizeof(name));
	snprintf(text, sizeof(text), "k=mysql://unix:/%.106s/%.64s", path, name);
	expect_ok(wanted_read(&a, text, &w, &err), &err);
	snprintf(text, sizeof(text), "k=mysql://unix:/%.107s/%.64s", path, name);
	expect(wanted_read(&a, text, &w, &err) != 0);
	snprintf(text, sizeof(text), "k=mysql://db1:3306/%.65s", name);
	expect(wanted_read(&a, text, &w, &err) != 0);
	snprintf(text, sizeof(text), "k=mysql://%.110s%.110s%.110s:3306/d", path, path, path);
	expect(wanted_read(&a, text, &w, &err) != 0);
}
