#include "combo/dbserver.h"

#include "base/mutant.h"
#include "mysql/client.h"
#include "rpc/grants.h"
#include "sql/quote.h"
#include "task/offload.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

/* The same for all kinds, so that what says nothing of its own can move between them. */
#define COLLATION "utf8mb4_general_ci"

#define RETRY_PAUSE (100 * MSEC) /* a server takes one to three seconds to start */

/* Servers refuse to run as root and change to this account. NULL: it stays who we are. */
static const struct passwd *
server_account(void)
{
	return geteuid() == 0 ? getpwnam("mysql") : NULL;
}

/* May that account enter each folder on the way to path, which is absolute, and path itself if it is one?
 * Else blocked is the first that it may not. */
static bool
can_enter(const struct passwd *pw, const char *path, char blocked[PLACE_MAX])
{
	struct stat st;

	for (size_t i = 1; i <= strlen(path); i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		snprintf(blocked, PLACE_MAX, "%.*s", (int)i, path);
		if (stat(blocked, &st) == 0 && (st.st_mode & S_IXOTH) == 0 &&
		    !(st.st_uid == pw->pw_uid && st.st_mode & S_IXUSR))
			return false;
	}
	return true;
}

/* Who a server of that program runs as: one in a folder of root's own is root's to the end, since its
 * plugins and messages are there too. NULL: who we are, who is not root. */
static const char *
runs_as(const char *program)
{
	const struct passwd *pw = server_account();
	char blocked[PLACE_MAX], *real;
	bool can;

	if (geteuid() != 0)
		return NULL;
	real = realpath(program, NULL);
	can = pw != NULL && real != NULL && can_enter(pw, real, blocked);
	free(real);
	return can ? pw->pw_name : "root";
}

int
dbserver_check_folder(const struct places *where, struct err *err)
{
	const struct passwd *pw = server_account();
	char blocked[PLACE_MAX];

	/* One that others may not enter hides all below it. */
	if (pw == NULL || can_enter(pw, where->dir, blocked))
		return 0;
	err_set(err, ERR_REFUSED,
	    "data directory '%s': the database server's account '%s' cannot enter '%s'", where->dir,
	    pw->pw_name, blocked);
	return err_hint(err, "choose another with --data-dir, for example /var/lib/switchyard");
}

/* Its own: a server that starts deletes the temporary tables that it finds, whosever they are. */
static int
make_tmp(const struct places *where, int uid, struct err *err)
{
	const struct passwd *pw = server_account();
	char path[PLACE_MAX];

	places_file(where, path, "run/tmp-%d", uid);
	if ((mkdir(path, 0700) != 0 && errno != EEXIST) ||
	    (pw != NULL && chown(path, pw->pw_uid, pw->pw_gid) != 0))
		return err_errno(err, errno, "creating '%s'", path);
	return 0;
}

static void
remove_left(void *arg)
{
	(void)places_remove(arg); /* mostly there is nothing */
}

static void
add_args(struct arena *a, struct program *p, const char *const *args)
{
	for (; *args != NULL; args++)
		program_arg(a, p, "%s", *args);
}

struct search {
	const struct dbkind *kind;
	struct dbprograms *out;
	struct err err;
	int rc;
};

static void
search(void *arg)
{
	struct search *s = arg;

	s->rc = dbkind_programs(s->kind, s->out, &s->err);
}

int
dbserver_find(struct ctx *cx, const struct dbkind *kind, struct dbprograms *out)
{
	struct search s = { .kind = kind, .out = out };

	offload(cx, search, &s);
	return s.rc == 0 ? 0 : err_copy(cx->err, &s.err);
}

static int
install(struct ctx *cx, const struct places *where, const struct dbserver *server)
{
	const struct dbprograms *programs = &server->programs;
	char made[PLACE_MAX], dir[PLACE_MAX], name[PROGRAM_NAME_MAX];
	int uid = server->uid;
	SCOPED(arena) struct arena a = ARENA_INIT;
	struct program *p = arena_new(&a, struct program);

	places_file(where, dir, "server-%d", uid);
	places_file(where, made, "server-%d.new", uid);
	if (access(dir, F_OK) == 0)
		return 0;
	offload(cx, remove_left, made); /* of an attempt that was cut short */
	snprintf(name, sizeof name, "install-%d", uid);
	program_init(p, where, name);
	program_arg(&a, p, "%s", programs->installer);
	program_arg(&a, p, "--no-defaults");
	program_arg(&a, p, "--datadir=%s", made);
	program_arg(&a, p, "--tmpdir=%s/run/tmp-%d", where->dir, uid);
	add_args(&a, p, server->flavour->install_args);
	if (runs_as(programs->daemon) != NULL)
		program_arg(&a, p, "--user=%s", runs_as(programs->daemon));
	TRY(program_run(cx, p));
	if (rename(made, dir) != 0)
		return err_errno(cx->err, errno, "renaming '%s'", made);
	return 0;
}

static void
put_account(struct buf *b, const struct account *account)
{
	struct slice password = secret_reveal(&account->password);

	SCOPED(buf) struct buf name = BUF_INIT;

	grant_account(&name, slice_str(account->user), slice_str("127.0.0.1"));
	buf_addf(b, "CREATE USER IF NOT EXISTS %s;\n", name.data);
	buf_addf(b, "ALTER USER %s IDENTIFIED BY ", name.data);
	quote_string(b, password);
	buf_add_str(b, ";\n");
}

static void
put_grant(struct buf *b, const char *rights, const char *place, const char *user)
{
	buf_addf(b, "GRANT %s ON %s TO ", rights, place);
	grant_account(b, slice_str(user), slice_str("127.0.0.1"));
	buf_add_str(b, ";\n");
}

/* One statement per line, as --init-file wants it; repeated at each start without harm. */
static void
put_init(struct buf *b, const struct credentials *c, const char *database,
    const struct dbflavour *flavour)
{
	SCOPED(buf) struct buf name = BUF_INIT;
	SCOPED(buf) struct buf pattern = BUF_INIT;

	quote_ident(&name, slice_str(database));
	quote_pattern(&pattern, buf_slice(&name));
	/* The server would read the file in a character set of its own, and one kind would make the database
	 * with another collation than its settings say. */
	buf_addf(b,
	    "SET NAMES utf8mb4;\nSET SESSION sql_log_bin = 0;\n%sCREATE DATABASE IF NOT EXISTS %s "
	    "COLLATE " COLLATION ";\n",
	    flavour->init_sql, name.data);
	put_account(b, &c->app);
	put_account(b, &c->stream);
	put_account(b, &c->dba);
	buf_addf(&pattern, ".*");
	put_grant(b, "ALL PRIVILEGES", pattern.data, c->app.user);
	put_grant(b, "PROCESS", "*.*", c->app.user);
	put_grant(b, flavour->stream_rights, "*.*", c->stream.user);
	put_grant(b, "ALL PRIVILEGES", "*.*", c->dba.user);
	put_grant(b, "GRANT OPTION", "*.*", c->dba.user);
}

static int
write_private(const char *path, struct slice bytes, struct err *err)
{
	const struct passwd *pw = server_account();
	int fd, rc;

	/* O_EXCL behind it: the file has passwords, and must not be one that somebody else has opened. */
	(void)unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_errno(err, errno, "creating '%s'", path);
	rc = write(fd, bytes.ptr, bytes.len) == (ssize_t)bytes.len ? 0 : -1;
	if (pw != NULL && fchown(fd, pw->pw_uid, pw->pw_gid) != 0)
		rc = -1;
	if (close(fd) != 0 || rc != 0)
		return err_errno(err, errno, "writing '%s'", path);
	return 0;
}

int
dbserver_prepare(struct ctx *cx, const struct places *where, const struct credentials *accounts,
    const struct dbserver *server, const char *database)
{
	SCOPED(buf) struct buf init = BUF_INIT;
	char path[PLACE_MAX];

	TRY(make_tmp(where, server->uid, cx->err));
	TRY(install(cx, where, server));
	put_init(&init, accounts, database, server->flavour);
	places_file(where, path, "run/server-%d.init", server->uid);
	return write_private(path, buf_slice(&init), cx->err);
}

void
dbserver_program(
    struct arena *a, const struct places *where, const struct dbserver *server, struct program *p)
{
	/* Durable as in production; binlog as a move asks for it. 1,000 connections: vtgate's 600, and what
	 * tablets and people use. Binlogs stay for a week: a stream that was stopped for longer has to copy
	 * anew. local-infile is how the copy loads rows. */
	/* clang-format off */
	static const char *const settings[] = {
		"--bind-address=127.0.0.1", "--skip-name-resolve", "--log-bin=binlog",
		    "--binlog-format=ROW",
		"--binlog-row-image=FULL", "--sync-binlog=1",
		    "--innodb-flush-log-at-trx-commit=1",
		"--local-infile=ON", "--character-set-server=utf8mb4",
		    "--collation-server=" COLLATION,
		"--max-connections=1000", "--innodb-buffer-pool-size=512M",
		"--binlog-expire-logs-seconds=604800", NULL,
	};
	/* clang-format on */
	const char *daemon = server->programs.daemon;
	char name[PROGRAM_NAME_MAX];
	int uid = server->uid;

	snprintf(name, sizeof name, "server-%d", uid);
	program_init(p, where, name);
	program_arg(a, p, "%s", daemon);
	program_arg(a, p, "--no-defaults");
	program_arg(a, p, "--datadir=%s/server-%d", where->dir, uid);
	program_arg(a, p, "--tmpdir=%s/run/tmp-%d", where->dir, uid);
	program_arg(a, p, "--init-file=%s/run/server-%d.init", where->dir, uid);
	program_port(p, where->port_base + PORT_SERVER + uid);
	program_arg(a, p, "--port=%d", where->port_base + PORT_SERVER + uid);
	/* in the data directory: a whole path may exceed a socket's 107 bytes */
	program_arg(a, p, "--socket=sock");
	program_arg(a, p, "--pid-file=pid");
	/* unique on this machine */
	program_arg(a, p, "--server-id=%d", where->port_base + PORT_SERVER + uid);
	add_args(a, p, settings);
	add_args(a, p, server->flavour->settings);
	if (runs_as(daemon) != NULL)
		program_arg(a, p, "--user=%s", runs_as(daemon));
}

int
dbserver_wait(
    struct ctx *cx, const struct places *where, const struct credentials *accounts, int uid)
{
	char address[64];
	struct mysql_params params = {
		.address = address, .user = accounts->dba.user, .password = &accounts->dba.password
	};

	snprintf(address, sizeof address, "127.0.0.1:%d", where->port_base + PORT_SERVER + uid);
	for (;;) {
		struct mysql_client *c = NULL;

		/* As our own account, over TCP: a server runs its init file before it answers anybody. */
		if (mysql_connect(cx, &params, &c) == 0) {
			mysql_close(c);
			return 0;
		}
		if (task_cancelled() || task_now() >= cx->deadline)
			return err_wrap(cx->err, "waiting for server-%d", uid);
		TRY(task_sleep(cx, RETRY_PAUSE));
	}
}

int
dbserver_meet(struct ctx *cx, const struct dbkind *kind)
{
	char own[ADDRESS_TEXT_MAX];
	struct login server;

	TRY(login_meet(cx, kind->address, &server, own));
	if (strcasecmp(server.dialect->name, kind->flavour->name) == 0 ||
	    mutant("combo_other_flavour"))
		return 0;
	return err_set(cx->err, ERR_REFUSED, "the server at '%s' is %s %s, not %s", kind->address,
	    server.dialect->name, server.version, kind->flavour->name);
}
