#include "tablet/read/lag.h"

void
lag_init(struct lag *l)
{
	*l = (struct lag){ .behind_since = NEVER };
}

void
lag_done(struct lag *l)
{
	position_done(&l->polled);
}

void
lag_note(struct lag *l, const struct position *read, const struct position *now)
{
	bool reached = position_cmp(read, &l->polled) >= 0;

	l->known = true;
	if (position_cmp(read, now) >= 0)
		l->behind_since = NEVER;
	else if (l->behind_since == NEVER || reached)
		l->behind_since = task_now();
	if (reached || !position_is_set(&l->polled))
		position_copy(&l->polled, now);
}

int64_t
lag_ms(const struct lag *l)
{
	if (!l->known)
		return -1;
	return l->behind_since == NEVER ? 0 : (task_now() - l->behind_since) / MSEC;
}
