#include "ctl/progress.h"

enum {
	LOOK_MS_MAX = 250, /* what a live line of progress needs */
	LOOK_PART = 20,
	LOOK_MS_MIN = 10,
};

bool
progress_take(struct workflow *w, const struct stream_status_reply *r)
{
	bool changed = false;

	for (size_t i = 0; i < r->tables_count && i < w->r.tables_count; i++) {
		struct workflow_table *t = &w->r.tables[i];
		const struct table_status *s = &r->tables[i];
		const char *state = table_progress_names[s->progress];

		if (t->rows_copied == s->rows_copied && strcmp(t->state, state) == 0)
			continue;
		changed = true;
		t->rows_copied = s->rows_copied;
		t->state = state;
		if (s->rows_estimate > 0)
			t->rows_estimate = s->rows_estimate;
	}
	return changed;
}

usec
progress_next_look(struct progress_look *l, enum stream_phase phase, usec now)
{
	usec wait;

	if (l->since == 0 || phase != l->phase)
		*l = (struct progress_look){ phase, now };
	wait = (now - l->since) / LOOK_PART;
	return wait < LOOK_MS_MIN * MSEC ? LOOK_MS_MIN * MSEC
	    : wait > LOOK_MS_MAX * MSEC  ? LOOK_MS_MAX * MSEC
					 : wait;
}
