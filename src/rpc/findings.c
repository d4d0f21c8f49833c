#include "rpc/findings.h"

#include <stdarg.h>

const char *const finding_severity_names[] = { "note", "warns", "refuses", NULL };

static const struct member finding_members[] = {
	{ .name = "severity",
	    .type = MEMBER_ENUM,
	    .offset = offsetof(struct finding, severity),
	    .words = finding_severity_names },
	{ .name = "text", .type = MEMBER_STR, .offset = offsetof(struct finding, text) },
	{ 0 },
};
const struct message finding_message = { "finding", finding_members, sizeof(struct finding), NULL };

static void
add(struct arena *a, struct findings *f, enum finding_severity severity, const char *text)
{
	if (f->count == FINDINGS_MAX)
		return;
	if (f->items == NULL)
		f->items = arena_array(a, struct finding, FINDINGS_MAX);
	f->items[f->count++] = (struct finding){ severity, text };
}

void
findings_add(
    struct arena *a, struct findings *f, enum finding_severity severity, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	const char *text = arena_vprintf(a, fmt, args);

	va_end(args);
	add(a, f, severity, text);
}

void
findings_append(struct arena *a, struct findings *f, const struct findings *more)
{
	for (size_t i = 0; i < more->count; i++)
		add(a, f, more->items[i].severity, arena_strdup(a, more->items[i].text));
}

size_t
findings_count(const struct findings *f, enum finding_severity severity)
{
	size_t n = 0;

	for (size_t i = 0; i < f->count; i++)
		n += f->items[i].severity == severity;
	return n;
}
