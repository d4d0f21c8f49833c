#include "ctl/lines.h"

#include "topo/json.h"

#include <stdarg.h>

void
lines_add(struct arena *a, struct lines *l, const char *fmt, ...)
{
	va_list args;

	if (l->count == LINES_MAX)
		return;
	if (l->items == NULL)
		l->items = arena_array(a, const char *, LINES_MAX);
	va_start(args, fmt);
	l->items[l->count++] = arena_vprintf(a, fmt, args);
	va_end(args);
}

const char *
lines_tables(struct arena *a, const struct workflow *w, enum side s)
{
	SCOPED(buf) struct buf text = BUF_INIT;

	for (size_t i = 0; i < workflow_names(w); i++)
		buf_addf(&text, "%s%s", i == 0 ? "[" : ",", side_name(w, s, i));
	buf_add_char(&text, ']');
	return arena_slice_str(a, buf_slice(&text));
}

const char *
lines_tablet(struct arena *a, const struct workflow *w, enum side s)
{
	return arena_printf(a, "tablet:%s",
	    s == SIDE_SOURCE ? w->r.streams[0].source_tablet : w->r.streams[0].target_tablet);
}

const char *
lines_duration(struct arena *a, usec d)
{
	char text[32];

	print_duration(text, sizeof(text), d);
	return arena_strdup(a, text);
}

void
lines_lock(struct arena *a, const struct workflow *w, struct lines *out)
{
	lines_add(a, out, "Lock workflow %s", name_of_table(a, w->r.target_keyspace, w->r.name));
}

void
lines_unlock(struct arena *a, const struct workflow *w, struct lines *out)
{
	lines_add(a, out, "Unlock workflow %s", name_of_table(a, w->r.target_keyspace, w->r.name));
}

void
lines_put(struct json_writer *w, const struct lines *l)
{
	json_put_open(w, "dry_run_results", '[');
	for (size_t i = 0; i < l->count; i++)
		json_put_str(w, NULL, l->items[i]);
	json_put_close(w, ']');
}
