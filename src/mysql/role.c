#include "mysql/role.h"

#include "base/check.h"

#include <string.h>

bool
role_next(const struct role_setting **at, enum mysql_role role, struct buf *sql)
{
	const struct role_setting *s = *at;

	buf_reset(sql);
	for (; s->name != NULL; s++) {
		size_t more = strlen(", ") + strlen(s->name) + strlen("=") + strlen(s->value);

		if ((s->roles & ROLE_BIT(role)) == 0)
			continue;
		if (sql->len > 0 && sql->len + more > ROLE_SQL_MAX)
			break;
		buf_addf(sql, "%s%s=%s", sql->len > 0 ? ", " : "SET ", s->name, s->value);
		check(sql->len <= ROLE_SQL_MAX);
	}
	*at = s;
	return sql->len > 0;
}
