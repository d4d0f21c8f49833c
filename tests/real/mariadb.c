#include "real/mariadb.h"

#include "base/clock.h"
#include "task/loop.h"
#include "test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { START_SECONDS = 60, POLL_MS = 20 };

/* A child that dies with us, its output in dir/log. */
static pid_t
run(const struct mariadb *m, char *const *argv)
{
	pid_t parent = getpid(), pid = fork();

	check(pid >= 0);
	if (pid > 0)
		return pid;
	char log[320];
	snprintf(log, sizeof(log), "%s/log", m->dir);
	int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0644);
	if (fd < 0 || dup2(fd, 1) < 0 || dup2(fd, 2) < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 ||
	    getppid() != parent)
		_exit(127);
	execvp(argv[0], argv);
	_exit(127);
}

static void
fail_with_log(const struct mariadb *m, const char *what)
{
	char command[320];

	snprintf(command, sizeof(command), "grep -iE 'error|signal' %s/log | head -20 >&2", m->dir);
	if (system(command) != 0)
		fprintf(stderr, "no log\n");
	test_fail(__FILE__, __LINE__, "%s in %s", what, m->dir);
}

static bool
answers(const struct mariadb *m)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	bool up;

	check(strlen(m->socket) < sizeof(a.sun_path));
	memcpy(a.sun_path, m->socket, strlen(m->socket) + 1);
	up = connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0;
	close(fd);
	return up;
}

/* $SWITCHYARD_TEST_TEMPLATES/normal was made once for many tests, by tests/system/lib/datadir.py. */
static void
install(const struct mariadb *m)
{
	const char *templates = getenv("SWITCHYARD_TEST_TEMPLATES");
	char data[300], datadir[320], template[320];
	int status;

	snprintf(data, sizeof(data), "%s/data", m->dir);
	snprintf(datadir, sizeof(datadir), "--datadir=%s", data);
	snprintf(template, sizeof(template), "%s/normal", templates == NULL ? "" : templates);
	char *make[] = { "mariadb-install-db", "--no-defaults", "--user=mysql", datadir,
		"--auth-root-authentication-method=normal", "--skip-test-db", NULL };
	char *copy[] = { "cp", "--archive", "--sparse=always", template, data, NULL };
	char *const *argv = templates == NULL ? make : copy;
	if (waitpid(run(m, argv), &status, 0) < 0 || status != 0)
		fail_with_log(m, "the data directory was not made");
}

void
mariadb_restart(struct mariadb *m)
{
	char datadir[300], tmpdir[300], sock[320], id[40], pidfile[300];
	usec end = clock_mono() + START_SECONDS * SECOND;

	snprintf(datadir, sizeof(datadir), "--datadir=%s/data", m->dir);
	snprintf(tmpdir, sizeof(tmpdir), "--tmpdir=%s/tmp", m->dir);
	snprintf(sock, sizeof(sock), "--socket=%s", m->socket);
	snprintf(id, sizeof(id), "--server-id=%d", m->server_id);
	snprintf(pidfile, sizeof(pidfile), "--pid-file=%s/data/pid", m->dir);
	char *argv[] = { "mariadbd", "--no-defaults", "--user=mysql", datadir, tmpdir, sock, id,
		pidfile, "--skip-networking", "--log-bin=b", "--binlog-format=ROW",
		"--gtid-strict-mode=1", "--local-infile=1", "--innodb-buffer-pool-size=32M",
		"--innodb-log-file-size=16M", "--sync-binlog=0",
		"--innodb-flush-log-at-trx-commit=2", NULL };
	m->pid = run(m, argv);
	while (!answers(m)) {
		if (clock_mono() > end || waitpid(m->pid, NULL, WNOHANG) != 0)
			fail_with_log(m, "mariadbd did not start");
		usleep(POLL_MS * 1000);
	}
}

void
mariadb_start(struct mariadb *m, const char *dir, int server_id)
{
	char tmp[300];

	*m = (struct mariadb){ .server_id = server_id };
	snprintf(m->dir, sizeof(m->dir), "%s/m%d", dir, server_id);
	snprintf(m->socket, sizeof(m->socket), "%s/data/server.sock", m->dir);
	snprintf(m->address, sizeof(m->address), "unix:%s", m->socket);
	/* The server runs as another user when we are root: it must be able to pass. */
	if (chmod(dir, 0755) != 0 || mkdir(m->dir, 0755) != 0)
		test_fail(__FILE__, __LINE__, "cannot make %s", m->dir);
	/* Its own: a server that starts deletes temporary tables of others in the same folder. */
	snprintf(tmp, sizeof(tmp), "%s/tmp", m->dir);
	if (mkdir(tmp, 0755) != 0 || chmod(tmp, 01777) != 0)
		test_fail(__FILE__, __LINE__, "cannot make %s", tmp);
	install(m);
	mariadb_restart(m);
}

void
mariadb_kill(struct mariadb *m)
{
	kill(m->pid, SIGKILL);
	waitpid(m->pid, NULL, 0);
	unlink(m->socket);
}

void
in_task(task_fn *fn, struct arena *arena)
{
	struct err err = { 0 };
	struct loop *l = loop_new(&err);
	struct task *t;

	expect(l != NULL);
	t = task_spawn("test", fn, NULL);
	expect(t != NULL);
	task_detach(t);
	loop_run(l);
	loop_free(l);
	arena_done(arena);
}
