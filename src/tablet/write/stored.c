#include "tablet/write/stored.h"

#include "base/mutant.h"

int
stored_position(struct ctx *cx, struct writers *w, const struct stream_state *s,
    const struct apply_run *r, int attempt)
{
	SCOPED(buf) struct buf sql = BUF_INIT;

	if (r->freezes)
		state_frozen_sql(&sql, state_id(s), &r->end, r->prepared, attempt);
	else
		state_applied_sql(&sql, state_id(s), &r->end, r->prepared);
	return writers_commit(cx, w, buf_slice(&sql));
}

int
stored_dirty(struct ctx *cx, struct writers *w, struct stream_state *s, const struct position *end)
{
	SCOPED(buf) struct buf sql = BUF_INIT;

	if (position_cmp(&s->dirty_until, end) >= 0)
		return 0;
	state_dirty_sql(&sql, state_id(s), end);
	TRY(writers_commit(cx, w, buf_slice(&sql)));
	position_copy(&s->dirty_until, end);
	return 0;
}

int
stored_still_ours(struct ctx *cx, struct writers *w, const struct stream_state *s)
{
	SCOPED(arena) struct arena arena = ARENA_INIT;
	struct ctx inner = *cx;
	struct stream_state *disk = arena_new(&arena, struct stream_state);

	inner.arena = &arena;
	TRY(writers_open_all(&inner, w));
	TRY(state_load(&inner, w->conns[0], state_id(s), disk));
	if (position_cmp(&disk->applied, &s->applied) <= 0 &&
	    position_cmp(&disk->dirty_until, &s->dirty_until) <= 0)
		return 0;
	if (mutant("tablet_retry_still_ours"))
		return 0;
	return err_set(cx->err, ERR_RETRY, "another process has gone on with this stream");
}
