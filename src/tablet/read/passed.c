#include "tablet/read/passed.h"

#include "base/mem.h"
#include "base/mutant.h"

#include <stdlib.h>

void
passed_init(struct passed *p, const struct moved_tables *tables)
{
	*p = (struct passed){ .tables = tables };
	p->of = mem_zalloc(sizeof(p->of[0]) * (size_t)(tables->count + 1));
	for (int i = 0; i < tables->count; i++)
		p->any |= tables->items[i].def->copied_from != NULL;
}

void
passed_done(struct passed *p)
{
	free(p->of);
	p->of = NULL;
}

void
passed_begin(struct passed *p, const struct position *at)
{
	if (!p->any)
		return;
	p->any = false;
	for (int i = 0; i < p->tables->count; i++) {
		const struct position *from = p->tables->items[i].def->copied_from;

		p->of[i] = from != NULL && position_cmp(at, from) < 0 && !mutant("ddl_none_passed");
		p->any |= p->of[i];
	}
}

bool
passed_is(const struct passed *p, int table)
{
	return p->of[table];
}
