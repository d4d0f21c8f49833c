#include "tablet/server/spare.h"

#include "base/check.h"
#include "base/mutant.h"

void
spares_check(const struct spares *s)
{
	check(s->count >= 0 && s->count <= SPARES_MAX); /* (1) */
	for (int i = 0; i < s->count; i++)
		check(s->kept[i] != NULL && s->roles[i] != ROLE_CLIENT); /* (1) */
}

/* The one that was used last, which is the likeliest to be there still; NULL: none. */
static struct mysql_client *
pick(struct spares *s, enum mysql_role role)
{
	for (int i = s->count - 1; i >= 0; i--) {
		struct mysql_client *c = s->kept[i];

		if (s->roles[i] != role)
			continue;
		s->count--;
		for (int j = i; j < s->count; j++) {
			s->kept[j] = s->kept[j + 1];
			s->roles[j] = s->roles[j + 1];
		}
		if (!mysql_hung_up(c) || mutant("tablet_spare_closed"))
			return c; /* (3) */
		mysql_close(c);
	}
	return NULL;
}

int
spare_take(struct ctx *cx, const struct tablet_env *env, enum mysql_role role, struct spare *out)
{
	*out = (struct spare){ .role = role, .home = env->spares };
	if (out->home != NULL) {
		spares_check(out->home);
		out->client = pick(out->home, role);
	}
	if (out->client != NULL)
		return 0;
	return role == ROLE_DDL ? env_ddl(cx, env, &out->client) : env_dba(cx, env, &out->client);
}

int
spares_fill(struct ctx *cx, const struct tablet_env *env, enum mysql_role role, int count)
{
	struct spare taken[SPARES_HOLD];
	int got = 0, rc = 0;

	check(count <= SPARES_HOLD);
	while (got < count && rc == 0) {
		rc = spare_take(cx, env, role, &taken[got]);
		got += rc == 0;
	}
	while (got > 0)
		spare_done(&taken[--got]);
	return rc;
}

void
spare_close(struct spare *s)
{
	mysql_close(s->client);
	s->client = NULL;
}

struct mysql_client *
spare_keep(struct spare *s)
{
	struct mysql_client *c = s->client;

	s->client = NULL;
	return c;
}

void
spare_done(struct spare *s)
{
	struct spares *home = s->home;

	if (s->client == NULL)
		return;
	if (home == NULL || home->count == SPARES_MAX || mysql_broken(s->client)) {
		mysql_close(s->client);
	} else {
		home->kept[home->count] = s->client;
		home->roles[home->count++] = s->role;
	}
	s->client = NULL;
}

void
spares_done(struct spares *s)
{
	while (s->count > 0)
		mysql_close(s->kept[--s->count]);
}
