#include "ctl/progress.h"

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
