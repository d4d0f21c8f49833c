#include "tablet/table/cascade.h"

#include "base/mutant.h"

static const struct foreign_key *
first_action(const struct table_def *def)
{
	for (int i = 0; i < def->foreign_count; i++) {
		if (def->foreign_keys[i].cascades)
			return &def->foreign_keys[i];
	}
	return NULL;
}

int
cascade_mark(struct arena *a, struct table_def *def, struct err *err)
{
	const struct foreign_key *k = first_action(def);

	if (k == NULL || mutant("tablet_cascades_pass"))
		return 0;
	if (def->versioned) {
		err_set(err, ERR_REFUSED,
		    "table '%s.%s' is system versioned, and its foreign key '%s' has%s: what it changes "
		    "is in no binlog, and would become history at another time",
		    def->database, def->name, k->name, k->actions);
		return err_hint(
		    err, "make the key anew without it, and change those rows by statements");
	}
	def->silent = true;
	table_def_forget_key(def,
	    arena_printf(a, "has rows that its foreign key '%s' changes (%s), which is in no binlog",
		k->name, k->actions + 1));
	return 0;
}
