#include "mysql/flavour.h"

#include "base/parse.h"
#include "mysql/mariadb.h"

#include <string.h>

/* MariaDB 11.0 was the first to leave it out. */
const char *
flavour_greeting_prefix(const char *version)
{
	return strstr(version, "MariaDB") != NULL && strncmp(version, "10.", 3) == 0
	    ? GREETING_PREFIX
	    : "";
}

/* The oldest release on which the behaviour that we rely on was seen. */
enum { MARIADB_MAJOR = 10, MARIADB_MINOR = 11 };

static int
refuse(struct err *err)
{
	return err_hint(err, "use MariaDB %d.%d or newer", MARIADB_MAJOR, MARIADB_MINOR);
}

int
flavour_find(const char *version, const struct dialect **out, struct err *err)
{
	struct slice major, minor, rest = slice_split(slice_str(version), '.', &major);
	int a, b;

	if (strstr(version, "MariaDB") == NULL) {
		err_set(err, ERR_REFUSED,
		    "server version '%s' is not MariaDB: MySQL is not "
		    "supported yet",
		    version);
		return refuse(err);
	}
	(void)slice_split(rest, '.', &minor);
	if (parse_int(major, 1, 1000, &a, err) != 0 || parse_int(minor, 0, 1000, &b, err) != 0)
		return err_wrap(err, "server version '%s'", version);
	if (a < MARIADB_MAJOR || (a == MARIADB_MAJOR && b < MARIADB_MINOR)) {
		err_set(err, ERR_REFUSED, "server version '%s' is older than MariaDB %d.%d",
		    version, MARIADB_MAJOR, MARIADB_MINOR);
		return refuse(err);
	}
	*out = &mariadb_dialect;
	return 0;
}
