#include "combo/wanted.h"

#include "topo/name.h"

#include <string.h>

/* Where the kind begins in "NAME=KIND": behind the last '=', but for one in an address. NULL: none is
 * said. */
static const char *
find_kind(const char *text)
{
	const char *end = strstr(text, "://");
	const char *equals =
	    end == NULL ? strrchr(text, '=') : memrchr(text, '=', (size_t)(end - text));

	return equals == NULL ? NULL : equals + 1;
}

int
wanted_read(struct arena *a, const char *text, struct wanted_keyspace *out, struct err *err)
{
	const char *kind = find_kind(text);
	size_t len = kind == NULL ? strlen(text) : (size_t)(kind - 1 - text);

	out->keyspace = arena_strndup(a, text, len);
	if (kind != NULL && kind[0] == '\0')
		return err_set(err, ERR_REFUSED, "keyspace '%s': no kind of server behind the '='",
		    out->keyspace);
	if (dbkind_read(slice_str(kind == NULL ? "" : kind), &out->kind, err) != 0)
		return err_wrap(err, "keyspace '%s'", out->keyspace);
	return name_check("keyspace", out->keyspace, err);
}

static int
check_installed(const struct dbkind *k, struct err *err)
{
	struct dbprograms programs;

	return dbkind_is_attached(k) ? 0 : dbkind_programs(k, &programs, err);
}

/* A keyspace that is here keeps its server. */
static int
check_wanted(const struct claim *c, const struct wanted_keyspace *w, struct err *err)
{
	for (int uid = TABLET_UID_MIN; uid <= TABLET_UID_MAX; uid++)
		if (strcmp(c->keyspaces[uid], w->keyspace) == 0 &&
		    strcmp(c->kinds[uid].name, w->kind.name) != 0)
			return err_set(err, ERR_REFUSED,
			    "keyspace '%s' has a server of kind '%s' already", w->keyspace,
			    c->kinds[uid].name);
	return check_installed(&w->kind, err);
}

/* What is here, what is wanted; with neither what a keyspace of later would get. */
int
wanted_check(const struct claim *c, const struct wanted_keyspace *all, int count, struct err *err)
{
	struct dbkind first;
	int known = 0;

	for (int uid = TABLET_UID_MIN; uid <= TABLET_UID_MAX; uid++) {
		if (c->keyspaces[uid][0] == '\0')
			continue;
		known++;
		TRY(check_installed(&c->kinds[uid], err));
	}
	for (int i = 0; i < count; i++)
		TRY(check_wanted(c, &all[i], err));
	TRY(dbkind_read(slice_str(""), &first, err));
	return known + count > 0 ? 0 : check_installed(&first, err);
}

const char *
wanted_attached(const struct claim *c, const struct wanted_keyspace *all, int count)
{
	for (int i = 0; i < count; i++)
		if (dbkind_is_attached(&all[i].kind))
			return all[i].keyspace;
	for (int uid = TABLET_UID_MIN; uid <= TABLET_UID_MAX; uid++)
		if (c->keyspaces[uid][0] != '\0' && dbkind_is_attached(&c->kinds[uid]))
			return c->keyspaces[uid];
	return NULL;
}
