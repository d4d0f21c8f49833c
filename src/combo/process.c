#include "combo/process.h"

#include "base/check.h"
#include "base/mem.h"
#include "base/mutant.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STAT_MAX = 1024 }; /* /proc/PID/stat: 52 numbers and a name of 16 bytes */

extern char **environ;

uint64_t
process_start_time(pid_t pid)
{
	char path[64], text[STAT_MAX], state;
	uint64_t start;
	size_t n;
	FILE *f;
	char *at;

	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	f = fopen(path, "re");
	if (f == NULL)
		return 0;
	n = fread(text, 1, sizeof text - 1, f);
	fclose(f);
	text[n] = '\0';
	at = strrchr(text, ')'); /* the name may contain anything, blanks and brackets too */
	if (at == NULL || sscanf(at + 1, " %c", &state) != 1 || state == 'Z' || state == 'X')
		return 0;
	/* Fields 4 to 21 lie between the state and the start time. */
	if (sscanf(at + 1,
		" %*c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %" SCNu64,
		&start) != 1)
		return 0;
	return start;
}

pid_t
process_of_file(const char *path)
{
	FILE *f = fopen(path, "re");
	int pid = 0;
	uint64_t start = 0, runs_since;

	if (f == NULL)
		return 0;
	if (fscanf(f, "%d %" SCNu64, &pid, &start) != 2)
		pid = 0;
	fclose(f);
	runs_since = pid > 0 && start != 0 ? process_start_time(pid) : 0;
	if (runs_since != start && !mutant("combo_reused_pid"))
		return 0;
	return runs_since != 0 ? pid : 0;
}

/* In place only when it is whole. */
static int
write_pid_file(const char *path, struct err *err)
{
	char made[600];
	FILE *f;
	int rc;

	snprintf(made, sizeof made, "%s.new", path);
	f = fopen(made, "we");
	if (f == NULL)
		return err_errno(err, errno, "creating '%s'", made);
	rc = fprintf(f, "%d %" PRIu64 "\n", (int)getpid(), process_start_time(getpid())) < 0;
	rc |= fclose(f);
	if (rc != 0 || rename(made, path) != 0)
		return err_errno(err, errno, "writing '%s'", path);
	return 0;
}

int
process_become(const char *pid_file, char *const *argv, struct err *err)
{
	if (write_pid_file(pid_file, err) != 0)
		return -1;
	execv(argv[0], argv);
	return err_errno(err, errno, "starting '%s'", argv[0]);
}

static char **
prefixed(const struct birth *b)
{
	size_t n = 0;
	char **all;

	while (b->argv[n] != NULL)
		n++;
	all = mem_alloc((n + 4) * sizeof *all);
	all[0] = mem_strdup(b->self);
	all[1] = mem_strdup("exec");
	all[2] = mem_strdup(b->pid_file);
	for (size_t i = 0; i <= n; i++)
		all[3 + i] = b->argv[i];
	return all;
}

int
process_spawn(const struct birth *b, pid_t *pid, struct err *err)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t none, all;
	char **args = prefixed(b);
	int rc;

	/* Our loop blocks signals, and exec() would hand that down: the child must hear of SIGTERM. */
	sigemptyset(&none);
	sigfillset(&all);
	check(posix_spawn_file_actions_init(&files) == 0 && posix_spawnattr_init(&attr) == 0);
	check(posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0) == 0);
	check(posix_spawn_file_actions_addopen(
		  &files, 1, b->log, O_WRONLY | O_CREAT | O_APPEND, 0640) == 0);
	check(posix_spawn_file_actions_adddup2(&files, 1, 2) == 0);
	check(posix_spawnattr_setsigmask(&attr, &none) == 0 &&
	    posix_spawnattr_setsigdefault(&attr, &all) == 0);
	check(posix_spawnattr_setflags(
		  &attr, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF) == 0);
	rc = posix_spawn(pid, b->self, &files, &attr, args, environ);
	posix_spawn_file_actions_destroy(&files);
	posix_spawnattr_destroy(&attr);
	for (int i = 0; i < 3; i++)
		free(args[i]);
	free(args);
	return rc == 0 ? 0 : err_errno(err, rc, "starting '%s'", b->argv[0]);
}

int
process_watch(pid_t pid)
{
	return (int)syscall(SYS_pidfd_open, pid, 0);
}

int
process_reap(pid_t pid)
{
	int status;

	return waitpid(pid, &status, WNOHANG) == pid ? status : -1;
}

int
process_wait(pid_t pid, int seconds)
{
	struct pollfd p = { .fd = process_watch(pid), .events = POLLIN };
	int rc;

	if (p.fd < 0)
		return errno == ESRCH ? 0 : -1;
	rc = poll(&p, 1, seconds * 1000);
	close(p.fd);
	return rc == 1 ? 0 : -1;
}
