#include "combo/account_file.h"
#include "combo/places.h"
#include "combo/process.h"
#include "test.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PATH_LEN = 300 };

static pid_t
sleeper(const char *pid_file)
{
	char program[] = "/bin/sleep", seconds[] = "60";
	char *argv[] = { program, seconds, NULL };
	pid_t pid = fork();

	if (pid == 0) {
		struct err err = { 0 };

		(void)!process_become(pid_file, argv, &err); /* returns only when it failed */
		_exit(9);
	}
	return pid;
}

static pid_t
wait_for_file(const char *pid_file)
{
	pid_t pid;

	while ((pid = process_of_file(pid_file)) == 0)
		usleep(1000); /* the test's own deadline ends this */
	return pid;
}

TEST(pid_file_names_the_process_while_it_lives)
{
	char path[PATH_LEN];
	pid_t pid;
	int fd;

	snprintf(path, sizeof path, "%s/a.pid", test_dir());
	expect_eq(process_of_file(path), 0);
	pid = sleeper(path);
	expect_eq(wait_for_file(path), pid);
	fd = process_watch(pid);
	expect(fd >= 0);
	expect_eq(process_wait(pid, 0), -1); /* still running */
	kill(pid, SIGKILL);
	expect_eq(process_wait(pid, 10), 0);
	expect_eq(process_of_file(path), 0); /* a zombie is nobody */
	expect(WIFSIGNALED(process_reap(pid)));
	expect_eq(process_reap(pid), -1);
	close(fd);
}

TEST(reused_pid_is_not_the_process)
{
	char path[PATH_LEN];
	FILE *f;

	snprintf(path, sizeof path, "%s/b.pid", test_dir());
	f = fopen(path, "w");
	fprintf(f, "%d %llu\n", (int)getpid(), (unsigned long long)process_start_time(getpid()));
	fclose(f);
	expect_eq(process_of_file(path), getpid());
	f = fopen(path, "w");
	fprintf(f, "%d %llu\n", (int)getpid(), (unsigned long long)process_start_time(getpid()) + 1);
	fclose(f);
	expect_eq(process_of_file(path), 0);
	f = fopen(path, "w");
	fprintf(f, "nonsense\n");
	fclose(f);
	expect_eq(process_of_file(path), 0);
}

TEST(program_that_is_missing_is_one_sentence)
{
	char path[PATH_LEN], program[] = "/nowhere/at/all";
	char *argv[] = { program, NULL };
	struct err err = { 0 };

	snprintf(path, sizeof path, "%s/c.pid", test_dir());
	expect_eq(process_become(path, argv, &err), -1);
	expect_str(err.text, "starting '/nowhere/at/all': No such file or directory");
}

TEST(credentials_are_private_random_and_made_once)
{
	char a[PATH_LEN], b[PATH_LEN], first[500] = "", again[500] = "", other[500] = "";
	struct err err = { 0 };
	struct stat st;
	FILE *f;

	snprintf(a, sizeof a, "%s/a.json", test_dir());
	snprintf(b, sizeof b, "%s/b.json", test_dir());
	umask(0);
	expect_ok(account_file_make(a, &err), &err);
	expect(stat(a, &st) == 0 && (st.st_mode & 0777) == 0600);
	f = fopen(a, "r");
	expect(fread(first, 1, sizeof first - 1, f) > 200);
	fclose(f);
	expect_ok(account_file_make(a, &err), &err);
	f = fopen(a, "r");
	expect(fread(again, 1, sizeof again - 1, f) > 200);
	fclose(f);
	expect_str(again, first);
	expect_ok(account_file_make(b, &err), &err);
	f = fopen(b, "r");
	expect(fread(other, 1, sizeof other - 1, f) > 200);
	fclose(f);
	expect(strcmp(other, first) != 0);
}

TEST(data_directory_has_a_bound_and_is_absolute)
{
	char dir[DIR_MAX_BYTES + 2], path[PLACE_MAX];
	struct places *p = calloc(1, sizeof *p);
	struct err err = { 0 };

	memset(dir, 'd', sizeof dir);
	dir[0] = '/';
	dir[DIR_MAX_BYTES] = '\0';
	expect_eq(places_init(p, dir, 15000, &err), -1);
	expect_eq(err.kind, ERR_REFUSED);
	dir[DIR_MAX_BYTES - 1] = '\0';
	expect_ok(places_init(p, dir, 15000, &err), &err);
	places_file(p, path, "run/%s.pid", "vttablet-99");
	expect_ok(places_init(p, "/tmp/x//", 15000, &err), &err);
	places_file(p, path, "lock");
	expect_str(path, "/tmp/x/lock");
	expect_ok(places_init(p, "relative", 15000, &err), &err);
	expect(p->dir[0] == '/');
	free(p);
}
