#include "combo/dbkind.h"

#include "base/mutant.h"
#include "base/parse.h"
#include "task/address.h"
#include "topo/record.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { VERSION_MAX = 16 }; /* "9.7" */

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

static const struct dbflavour flavours[] = {
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
struct folders {
	struct slice rest, then;
};

static struct folders
folders_begin(void)
{
	const char *path = getenv("PATH");

	return (struct folders){ slice_str(path == NULL ? "" : path),
		slice_str("/usr/sbin:/usr/local/sbin:/usr/bin") };
}

static bool
next_folder(struct folders *f, struct slice *out)
{
	if (f->rest.len == 0) {
		f->rest = f->then;
		f->then = slice_str("");
	}
	if (f->rest.len == 0)
		return false;
	f->rest = slice_split(f->rest, ':', out);
	return true;
}

/* The next of the folders that has the program. */
static bool
next_program(struct folders *f, const char *name, char out[PLACE_MAX])
{
	struct slice folder;

	while (next_folder(f, &folder)) {
		int n = snprintf(out, PLACE_MAX, "%.*s/%s", SLICE_ARG(folder), name);

		if (n < PLACE_MAX && out[0] == '/' && is_program(out, name))
			return true;
	}
	return false;
}

/* Of one version with its server: there may be several in $PATH. */
static bool
find_installer(const struct dbflavour *f, const char *daemon, char out[PLACE_MAX])
{
	static const char *const beside[] = { "", "../bin/" };
	int folder = (int)(strrchr(daemon, '/') + 1 - daemon);
	struct folders all = folders_begin();

	for (size_t i = 0; i < sizeof beside / sizeof *beside; i++) {
		int n =
		    snprintf(out, PLACE_MAX, "%.*s%s%s", folder, daemon, beside[i], f->installer);

		if (n < PLACE_MAX && is_program(out, f->installer))
			return true;
	}
	return next_program(&all, f->installer, out);
}

/* What "PROGRAM --version" says; "" where it does not run. */
static void
ask_version(const char *program, char *out, size_t size)
{
	char path[PLACE_MAX], option[] = "--version", *argv[] = { path, option, NULL };
	posix_spawn_file_actions_t files;
	ssize_t n = 0;
	int fds[2];
	pid_t pid;

	snprintf(path, sizeof path, "%s", program);
	out[0] = '\0';
	if (pipe2(fds, O_CLOEXEC) != 0)
		return;
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_adddup2(&files, fds[1], STDOUT_FILENO);
	bool started = posix_spawn(&pid, program, &files, NULL, argv, environ) == 0;
	posix_spawn_file_actions_destroy(&files);
	close(fds[1]);
	if (started) {
		n = read(fds[0], out, size - 1); /* one short line: one write */
		(void)waitpid(pid, NULL, 0);
	}
	out[n > 0 ? n : 0] = '\0';
	close(fds[0]);
}

/* "11.8" of "mariadbd  Ver 11.8.9-MariaDB ..."; "" where it is not known. */
static void
version_of(const char *program, char out[VERSION_MAX])
{
	char said[512];
	const char *at;
	size_t len;

	ask_version(program, said, sizeof said);
	at = strstr(said, " Ver ");
	at = at == NULL ? "" : at + strlen(" Ver ");
	len = strspn(at, "0123456789");
	if (at[len] == '.')
		len += 1 + strspn(at + len + 1, "0123456789");
	snprintf(out, VERSION_MAX, "%.*s", len < VERSION_MAX ? (int)len : 0, at);
}

static const char *
wanted_version(const struct dbkind *k)
{
	size_t len = strlen(k->flavour->name);

	return k->name[len] == '-' ? k->name + len + 1 : NULL;
}

static bool
is_it(const struct dbkind *k, const char *daemon)
{
	const char *wanted = wanted_version(k);
	char version[VERSION_MAX];

	if (wanted == NULL)
		return true;
	version_of(daemon, version);
	return strcmp(version, wanted) == 0;
}

/* "11.8": what tells releases apart that have other data directories. */
static bool
is_version(struct slice s)
{
	struct slice major, minor = slice_split(s, '.', &major);
	struct err err;
	int number;

	return parse_int(major, 1, 1000, &number, &err) == 0 &&
	    parse_int(minor, 0, 1000, &number, &err) == 0;
}

static bool
names_flavour(struct slice name, const struct dbflavour *f)
{
	size_t len = strlen(f->name);

	if (!slice_starts(name, f->name))
		return false;
	return name.len == len ||
	    (name.ptr[len] == '-' && is_version(slice_cut(name, len + 1, SIZE_MAX)));
}

/* ---- Servers that are there already */

static bool
has_scheme(struct slice name, const struct dbflavour *f)
{
	return slice_starts(name, f->name) &&
	    slice_starts(slice_cut(name, strlen(f->name), name.len), "://");
}

static int
hex_digit(uint8_t c)
{
	return c >= '0' && c <= '9'                  ? c - '0'
	    : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10
						     : -1;
}

/* With %2f and the like as what they stand for, as in any URL; a '%' before anything else is itself.
 * False: too long, or a NUL. */
static bool
unescape(struct slice from, char *to, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < from.len; i++) {
		uint8_t c = from.ptr[i];

		if (c == '%' && i + 2 < from.len && hex_digit(from.ptr[i + 1]) >= 0 &&
		    hex_digit(from.ptr[i + 2]) >= 0) {
			c = (uint8_t)(hex_digit(from.ptr[i + 1]) << 4 | hex_digit(from.ptr[i + 2]));
			i += 2;
		}
		if (c == '\0' || n + 1 >= size)
			return false;
		to[n++] = (char)c;
	}
	to[n] = '\0';
	return true;
}

/* "ADDRESS/DATABASE" in two; of a unix socket's path the last part is the database. */
static int
split_place(struct slice place, struct dbkind *out, struct err *err)
{
	const uint8_t *slash = place.len == 0 ? NULL : memrchr(place.ptr, '/', place.len);
	size_t len = slash == NULL ? 0 : (size_t)(slash - place.ptr);

	/* Not shown: what stands in front of it may be a password. */
	if (place.len > 0 && memchr(place.ptr, '@', place.len) != NULL &&
	    !mutant("combo_account_in_address")) {
		err_set(err, ERR_REFUSED, "a server's address has no account in it");
		return err_hint(err, "the accounts are in the file of --credentials");
	}
	if (len > 0 && unescape(slice_cut(place, 0, len), out->address, sizeof(out->address)) &&
	    unescape(slice_cut(place, len + 1, place.len), out->database, sizeof(out->database)))
		return name_check("database", out->database, err);
	err_set(err, ERR_REFUSED, "'%.*s' is no address and database of a server",
	    (int)(place.len < 200 ? place.len : 200), place.ptr);
	return err_hint(err, "write " DBKIND_URL);
}

/* A path that begins elsewhere at the next start is another one; no server has the port 0. */
static int
check_address(const char *text, struct err *err)
{
	struct address address;
	char host[256];
	int port = 0;

	if (slice_starts(slice_str(text), "unix:")) {
		TRY(address_parse(text, &address, err));
		if (text[strlen("unix:")] == '/' || mutant("combo_relative_socket"))
			return 0;
		return err_set(
		    err, ERR_REFUSED, "address '%s': a socket's path begins with '/'", text);
	}
	TRY(parse_hostport(slice_str(text), host, &port, err));
	if (port > 0 || mutant("combo_port_zero"))
		return 0;
	return err_set(err, ERR_REFUSED, "address '%s': a server's port is 1 to 65535", text);
}

static int
read_attached(struct slice name, const struct dbflavour *f, struct dbkind *out, struct err *err)
{
	size_t scheme = strlen(f->name) + strlen("://");

	*out = (struct dbkind){ .flavour = f };
	if (name.len > DBKIND_NAME_MAX)
		return err_set(err, ERR_REFUSED,
		    "a server's address and database have %d bytes at most", DBKIND_NAME_MAX);
	TRY(split_place(slice_cut(name, scheme, name.len), out, err));
	memcpy(out->name, name.ptr, name.len);
	if (check_address(out->address, err) == 0)
		return 0;
	return err_hint(err, "write " DBKIND_URL);
}

bool
dbkind_is_attached(const struct dbkind *k)
{
	return k->address[0] != '\0';
}

int
dbkind_read(struct slice name, struct dbkind *out, struct err *err)
{
	if (name.len == 0)
		name = slice_str(flavours[0].name);
	for (size_t i = 0; i < sizeof flavours / sizeof *flavours; i++)
		if (has_scheme(name, &flavours[i]))
			return read_attached(name, &flavours[i], out, err);
	for (size_t i = 0; i < sizeof flavours / sizeof *flavours; i++) {
		if (name.len > DBKIND_NAME_MAX || !names_flavour(name, &flavours[i]))
			continue;
		*out = (struct dbkind){ .flavour = &flavours[i] };
		memcpy(out->name, name.ptr, name.len);
		return 0;
	}
	err_set(err, ERR_REFUSED, "'%.*s' is no kind of server", SLICE_ARG(name));
	return err_hint(err, "a kind is " DBKIND_NAMES "; a server that is there is " DBKIND_URL);
}

int
dbkind_programs(const struct dbkind *k, struct dbprograms *out, struct err *err)
{
	const struct dbflavour *f = k->flavour;
	const char *version = wanted_version(k);
	struct folders all = folders_begin();

	while (next_program(&all, f->daemon, out->daemon))
		if (is_it(k, out->daemon) && find_installer(f, out->daemon, out->installer))
			return 0;
	err_set(err, ERR_REFUSED, "no database server: the program '%s'%s%s is not installed",
	    f->daemon, version == NULL ? "" : " of version ", version == NULL ? "" : version);
	if (version != NULL)
		return err_hint(err, "have the folder of that '%s' in $PATH", f->daemon);
	return err_hint(err, "%s", f->install_hint);
}

static void
add_name(struct buf *out, const char *flavour, const char *version)
{
	char name[DBKIND_NAME_MAX + 1];

	snprintf(name, sizeof name, "%.14s%s%s", flavour, version[0] != '\0' ? "-" : "", version);
	/* A folder may be in $PATH twice. */
	if (out->len == 0 || !combo_has_kind(out->data, name))
		buf_addf(out, "%s%s", out->len > 0 ? ", " : "", name);
}

void
dbkind_installed(struct buf *out)
{
	for (size_t i = 0; i < sizeof flavours / sizeof *flavours; i++) {
		const struct dbflavour *f = &flavours[i];
		char daemon[PLACE_MAX], version[VERSION_MAX];
		const char *name = f->name;
		struct folders all = folders_begin();

		for (; next_program(&all, f->daemon, daemon); name = NULL) {
			if (name != NULL)
				add_name(out, name, "");
			version_of(daemon, version);
			if (version[0] != '\0')
				add_name(out, f->name, version);
		}
	}
}
