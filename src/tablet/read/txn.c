#include "tablet/read/txn.h"

#include "base/mem.h"

#include <stdlib.h>

struct source_txn *
source_txn_new(void)
{
	struct source_txn *txn = mem_new(struct source_txn);

	arena_init(&txn->arena);
	return txn;
}

bool
source_txn_is_position(const struct source_txn *txn)
{
	return txn->count == 0 && txn->first && txn->last && txn->xa == XA_NONE && txn->ddl == NULL;
}

void
source_txn_free(struct source_txn *txn)
{
	if (txn == NULL)
		return;
	free(txn->changes);
	position_done(&txn->end);
	arena_done(&txn->arena);
	free(txn);
}
