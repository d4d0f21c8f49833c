#include "combo/places.h"

#include "base/check.h"

#include <errno.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void
places_file(const struct places *p, char out[PLACE_MAX], const char *fmt, ...)
{
	va_list ap;
	int n = snprintf(out, PLACE_MAX, "%s/", p->dir);

	va_start(ap, fmt);
	n += vsnprintf(out + n, (size_t)(PLACE_MAX - n), fmt, ap);
	va_end(ap);
	check(n < PLACE_MAX); /* dir is at most DIR_MAX_BYTES, names are our own */
}

static int
set_dir(struct places *p, const char *dir, struct err *err)
{
	char cwd[DIR_MAX_BYTES];
	int n;

	if (dir[0] == '/') {
		n = snprintf(p->dir, sizeof p->dir, "%s", dir);
	} else {
		if (getcwd(cwd, sizeof cwd) == NULL)
			return err_errno(err, errno, "finding the present folder");
		n = snprintf(p->dir, sizeof p->dir, "%s/%s", cwd, dir);
	}
	if (n < 1 || (size_t)n >= sizeof p->dir)
		return err_set(err, ERR_REFUSED,
		    "data directory '%.60s...' has a name longer than %d bytes", dir,
		    DIR_MAX_BYTES - 1);
	while (n > 1 && p->dir[n - 1] == '/')
		p->dir[--n] = '\0';
	return 0;
}

int
places_init(struct places *p, const char *dir, int port_base, struct err *err)
{
	ssize_t n;

	*p = (struct places){ .port_base = port_base };
	TRY(set_dir(p, dir, err));
	n = readlink("/proc/self/exe", p->self, sizeof p->self - 1);
	if (n <= 0)
		return err_errno(err, errno, "finding this program's own file");
	memcpy(p->programs, p->self, sizeof p->self);
	*strrchr(p->programs, '/') = '\0';
	return 0;
}

static int
make_folder(const char *path, mode_t mode, struct err *err)
{
	if (mkdir(path, mode) == 0 || errno == EEXIST)
		return 0;
	return err_errno(err, errno, "creating '%s'", path);
}

int
places_make(const struct places *p, struct err *err)
{
	static const char *const names[] = { "tablets", "run", "log", "spill" };
	char path[PLACE_MAX];

	for (const char *at = p->dir + 1; (at = strchr(at, '/')) != NULL; at++) {
		snprintf(path, sizeof path, "%.*s", (int)(at - p->dir), p->dir);
		TRY(make_folder(path, 0755, err));
	}
	TRY(make_folder(p->dir, 0755, err));
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		places_file(p, path, "%s", names[i]);
		TRY(make_folder(path, 0755, err));
	}
	return 0;
}

enum { OPEN_FOLDERS = 16 }; /* deeper trees cost reopening, nothing else */

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

int
places_remove(const char *path)
{
	return nftw(path, remove_one, OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS);
}
