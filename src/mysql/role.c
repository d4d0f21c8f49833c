#include "mysql/role.h"

#include "base/check.h"
#include "base/mutant.h"

#include <string.h>

static bool
is_stated(const struct role_setting *s, enum mysql_role role)
{
	return (s->roles & ROLE_BIT(role)) != 0 &&
	    !(mutant("mysql_answers_whole") && strcmp(s->name, "sql_select_limit") == 0);
}

static const char *
value_of(const struct role_setting *s, enum mysql_role role)
{
	if (mutant("tablet_ddl_waits") && role == ROLE_DDL &&
	    strcmp(s->name, "lock_wait_timeout") == 0)
		return "1";
	return s->value;
}

bool
role_next(const struct role_setting **at, enum mysql_role role, struct buf *sql)
{
	const struct role_setting *s = *at;

	buf_reset(sql);
	for (; s->name != NULL; s++) {
		const char *value = value_of(s, role);
		size_t more = strlen(", ") + strlen(s->name) + strlen("=") + strlen(value);

		if (!is_stated(s, role))
			continue;
		if (sql->len > 0 && sql->len + more > ROLE_SQL_MAX)
			break;
		buf_addf(sql, "%s%s=%s", sql->len > 0 ? ", " : "SET ", s->name, value);
		check(sql->len <= ROLE_SQL_MAX);
	}
	*at = s;
	return sql->len > 0;
}
