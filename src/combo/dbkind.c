#include "combo/dbkind.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const mariadb_install[] = { "--auth-root-authentication-method=socket",
	"--skip-test-db", NULL };
static const char *const mysql_install[] = { "--initialize-insecure", NULL };

/* clang-format off */
static const char *const mariadb_settings[] = {
	"--gtid-strict-mode=ON", "--innodb-log-file-size=256M", NULL,
};
/* What takes a connection is the one protocol that we speak. */
static const char *const mysql_settings[] = {
	"--gtid-mode=ON", "--enforce-gtid-consistency=ON", "--innodb-redo-log-capacity=512M",
	    "--mysqlx=0", NULL,
};
/* clang-format on */

static const struct dbkind kinds[] = {
	{ "mariadb", "mariadbd", "mariadb-install-db", "apt-get install mariadb-server",
	    mariadb_install, mariadb_settings, "",
	    "SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, ALTER, INDEX, LOCK TABLES, PROCESS, "
	    "RELOAD, REPLICATION SLAVE, BINLOG MONITOR, BINLOG ADMIN, REPLICATION SLAVE ADMIN" },
	{ "mysql", "mysqld", "mysqld",
	    "install MySQL 8.4 or newer, and have the folder of its mysqld in $PATH", mysql_install,
	    mysql_settings, "ALTER USER 'root'@'localhost' ACCOUNT LOCK;\n",
	    "SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, ALTER, INDEX, LOCK TABLES, PROCESS, "
	    "RELOAD, REPLICATION SLAVE, REPLICATION CLIENT, XA_RECOVER_ADMIN" },
};

const struct dbkind *
dbkind_find(struct slice name)
{
	if (name.len == 0)
		return &kinds[0];
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (slice_eq_str(name, kinds[i].name))
			return &kinds[i];
	return NULL;
}

/* Some systems have a link named mysqld to MariaDB's server. */
static bool
is_program(const char *path, const char *name)
{
	char *real = access(path, X_OK) == 0 ? realpath(path, NULL) : NULL;
	const char *base = real == NULL ? "" : strrchr(real, '/') + 1;
	bool other = strcmp(name, "mysqld") == 0 && strncmp(base, "mariadb", strlen("mariadb")) == 0;

	free(real);
	return real != NULL && !other;
}

/* In $PATH, and where Debian puts daemons although people's $PATH may lack it. */
static int
find_program(const char *name, char out[PLACE_MAX])
{
	const char *path = getenv("PATH");
	char all[2048];

	snprintf(all, sizeof all, "%.1900s:/usr/sbin:/usr/local/sbin:/usr/bin",
	    path == NULL ? "" : path);
	for (char *rest = all, *folder; (folder = strsep(&rest, ":")) != NULL;) {
		int n = snprintf(out, PLACE_MAX, "%s/%s", folder, name);

		if (n < PLACE_MAX && folder[0] == '/' && is_program(out, name))
			return 0;
	}
	return -1;
}

int
dbkind_programs(
    const struct dbkind *k, char daemon[PLACE_MAX], char installer[PLACE_MAX], struct err *err)
{
	if (find_program(k->daemon, daemon) == 0 && find_program(k->installer, installer) == 0)
		return 0;
	err_set(
	    err, ERR_REFUSED, "no database server: the program '%s' is not installed", k->daemon);
	return err_hint(err, "%s", k->install_hint);
}
