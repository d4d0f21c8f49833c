#include "tablet/storage_check.h"

/* What neither keys nor a view can tell apart cannot be copied; and no rows of it are one transaction with a
 * stream's position. */
int
storage_check(struct ctx *cx, const struct table_def *def, bool way_back)
{
	if (def->engine == NULL)
		return 0;
	if (table_def_is_strict(def)) {
		err_set(cx->err, ERR_REFUSED,
		    "table '%s.%s' %s, and %s has no view that stands still", def->database,
		    def->name, def->key_flaw, def->engine);
		return err_hint(
		    cx->err, "give it a primary key, or ALTER TABLE ... ENGINE=InnoDB first");
	}
	if (!way_back)
		return 0;
	err_set(cx->err, ERR_REFUSED,
	    "table '%s.%s' is kept by the engine %s, which cannot follow changes: there is no way back to it",
	    def->database, def->name, def->engine);
	return err_hint(cx->err,
	    "--no-enable-reverse-replication moves it without one, or ALTER TABLE ... ENGINE=InnoDB first");
}

const char *
storage_told(struct arena *a, const struct table_def *def)
{
	return arena_printf(a,
	    "'%s.%s' is kept by %s, its copy by InnoDB, where ROLLBACK takes back what was written and a "
	    "search in a FULLTEXT key finds by other rules; while it is copied its writers wait for each "
	    "part that is read, as for any SELECT",
	    def->database, def->name, def->engine);
}
