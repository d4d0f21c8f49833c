#include "tablet/copy/rows_room.h"

#include "base/check.h"
#include "base/mutant.h"

int
rows_room_take(struct ctx *cx, struct rows_room *r, size_t bytes, size_t *taken)
{
	size_t want = bytes < ROWS_ROOM_MOST ? bytes : ROWS_ROOM_MOST;

	while (r->held + want > ROWS_ROOM_BYTES && r->held > 0 && !mutant("copy_rows_room"))
		TRY(waitlist_wait(cx, &r->freed));
	r->held += want;
	*taken = want;
	return 0;
}

void
rows_room_change(struct rows_room *r, size_t *taken, size_t bytes)
{
	bool less = bytes < *taken;

	check(*taken <= r->held);
	r->held = r->held - *taken + bytes;
	*taken = bytes;
	if (less)
		waitlist_wake_all(&r->freed);
}
