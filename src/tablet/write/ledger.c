#include "tablet/write/ledger.h"

#include "base/check.h"
#include "base/mem.h"
#include "base/mutant.h"

#include <stdlib.h>

struct entry {
	struct list_node node;
	struct position end;
	struct deltas deltas;
};

static void
free_first(struct ledger *l)
{
	struct entry *e = list_item(list_pop(&l->entries), struct entry, node);

	position_done(&e->end);
	deltas_done(&e->deltas);
	free(e);
}

static struct entry *
first(const struct ledger *l)
{
	return list_empty(&l->entries) ? NULL : list_item(l->entries.first, struct entry, node);
}

void
ledger_begin(struct ledger *l, const struct moved_tables *tables)
{
	check(l->tables == NULL);
	l->tables = tables;
	list_init(&l->entries);
}

void
ledger_end(struct ledger *l)
{
	while (l->tables != NULL && first(l) != NULL)
		free_first(l);
	l->tables = NULL;
}

void
ledger_done(struct ledger *l)
{
	ledger_end(l);
	deltas_done(&l->due);
}

bool
ledger_is_kept(const struct ledger *l)
{
	return l->tables != NULL;
}

void
ledger_take(struct ledger *l, const struct source_txn *txn)
{
	struct entry *e;

	if (l->tables == NULL || txn->count == 0)
		return;
	if (l->entries.last != NULL && !txn->first) {
		e = list_item(l->entries.last, struct entry, node);
	} else {
		e = mem_new(struct entry);
		list_push(&l->entries, &e->node);
	}
	position_copy(&e->end, &txn->end);
	deltas_add(&e->deltas, l->tables, txn);
}

void
ledger_pack(struct ledger *l, const struct position *end, struct buf *out)
{
	if (l->tables == NULL)
		return;
	deltas_reset(&l->due);
	list_each(&l->entries, n) {
		const struct entry *e = list_item(n, struct entry, node);

		if (position_cmp(&e->end, end) > 0)
			break; /* (1) */
		deltas_join(&l->due, &e->deltas);
	}
	deltas_pack(out, end, &l->due);
}

void
ledger_forget(struct ledger *l, const struct position *end)
{
	const struct entry *e;

	while (l->tables != NULL && (e = first(l)) != NULL && position_cmp(&e->end, end) <= 0)
		free_first(l);
}
