#include "mysql/flavour.h"

#include "base/parse.h"
#include "mysql/mariadb.h"
#include "mysql/mysql.h"

#include <string.h>

/* MariaDB 11.0 was the first to leave it out. */
const char *
flavour_greeting_prefix(const char *version)
{
	return strstr(version, "MariaDB") != NULL && strncmp(version, "10.", 3) == 0
	    ? GREETING_PREFIX
	    : "";
}

/* Those of a later Unicode: one flavour has them by name only, and by rules of its own. */
bool
flavour_shares_collation(struct slice name)
{
	static const char *const marks[] = { "_0900_", "uca1400" };

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (name.len > 0 && memmem(name.ptr, name.len, marks[i], strlen(marks[i])) != NULL)
			return false;
	return true;
}

/* The oldest releases on which the behaviour that we rely on was seen. */
static const struct family {
	const char *name, *mark; /* in the version; "": of any other */
	int major, minor;
	const struct dialect *dialect;
} families[] = {
	{ "MariaDB", "MariaDB", 10, 11, &mariadb_dialect },
	{ "MySQL", "", 8, 4, &mysql_server_dialect },
};

static const struct family *
family_of(const char *version)
{
	const struct family *f = families;

	while (strstr(version, f->mark) == NULL)
		f++;
	return f;
}

int
flavour_find(const char *version, const struct dialect **out, struct err *err)
{
	const struct family *f = family_of(version);
	struct slice major, minor, rest = slice_split(slice_str(version), '.', &major);
	int a, b;

	(void)slice_split(rest, '.', &minor);
	if (parse_int(major, 1, 1000, &a, err) != 0 || parse_int(minor, 0, 1000, &b, err) != 0)
		return err_wrap(err, "server version '%s'", version);
	if (a < f->major || (a == f->major && b < f->minor)) {
		err_set(err, ERR_REFUSED, "server version '%s' is older than %s %d.%d", version,
		    f->name, f->major, f->minor);
		return err_hint(err, "use %s %d.%d or newer", f->name, f->major, f->minor);
	}
	*out = f->dialect;
	return 0;
}
