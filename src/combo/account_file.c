#include "combo/account_file.h"

#include "base/mutant.h"
#include "base/rand.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* 192 bits, in hexadecimal digits */
enum { PASSWORD_BYTES = 24, PASSWORD_MAX = PASSWORD_BYTES * 2 + 1 };

static void
make_password(char out[PASSWORD_MAX])
{
	unsigned char bytes[PASSWORD_BYTES];

	rand_secret(bytes, sizeof bytes);
	for (int i = 0; i < PASSWORD_BYTES; i++)
		snprintf(out + 2 * i, 3, "%02x", bytes[i]);
	explicit_bzero(bytes, sizeof bytes);
}

static int
write_accounts(FILE *f)
{
	static const char *const names[] = { "vt_app", "vt_stream", "vt_dba" };
	char password[PASSWORD_MAX];
	int rc = 0;

	fprintf(f, "{");
	for (int i = 0; i < 3; i++) {
		make_password(password);
		fprintf(f, "\"%s\":{\"user\":\"%s\",\"password\":\"%s\"},\n ", names[i], names[i],
		    password);
	}
	explicit_bzero(password, sizeof password);
	fprintf(f, "\"clients\":[{\"user\":\"app\",\"password\":\"\",\"loopback_only\":true}]}\n");
	rc = ferror(f) != 0 || fflush(f) != 0 || fsync(fileno(f)) != 0;
	return fclose(f) != 0 || rc ? -1 : 0;
}

int
account_file_make(const char *path, struct err *err)
{
	char made[600];
	int fd;
	FILE *f;

	if (access(path, F_OK) == 0)
		return 0;
	snprintf(made, sizeof made, "%s.new", path);
	(void)unlink(made); /* of a supervisor that was killed here */
	fd = open(made, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_errno(err, errno, "creating '%s'", made);
	f = fdopen(fd, "w");
	if (f == NULL || write_accounts(f) != 0 || rename(made, path) != 0)
		return err_errno(err, errno, "writing '%s'", path);
	return 0;
}

/* A link in our place to somebody's file, which stays theirs: what they change in it is there at the next
 * start. */
static int
link_file(const char *path, const char *given, struct err *err)
{
	char made[600];
	struct stat st;
	char *real;
	int rc;

	if (lstat(path, &st) == 0 && !S_ISLNK(st.st_mode) && !mutant("combo_other_accounts")) {
		err_set(err, ERR_REFUSED, "there are accounts in '%s' already", path);
		return err_hint(
		    err, "leave --credentials out, and make these accounts at the server");
	}
	real = realpath(given, NULL);
	if (real == NULL)
		return err_errno(err, errno, "opening credentials file '%s'", given);
	snprintf(made, sizeof made, "%s.new", path);
	(void)unlink(made);
	rc = symlink(real, made) == 0 && rename(made, path) == 0
	    ? 0
	    : err_errno(err, errno, "linking '%s' to '%s'", path, real);
	free(real);
	return rc;
}

int
account_file_use(const char *path, const char *given, const char *attached, struct err *err)
{
	if (given != NULL)
		return link_file(path, given, err);
	if (attached == NULL || access(path, F_OK) == 0)
		return account_file_make(path, err);
	err_set(err, ERR_REFUSED,
	    "keyspace '%s' is at a server that is there already, and its accounts are not known",
	    attached);
	return err_hint(
	    err, "name their file with --credentials; vttablet --init prints what makes them");
}
