#include "ctl/switch_time.h"

#include "base/clock.h"
#include "base/mutant.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

static const char prefix[] = "postponed: ";

bool
switch_window_open(int from, int to, int minute)
{
	if (from == to)
		return true;
	return from < to ? minute >= from && minute < to : minute >= from || minute < to;
}

/* Of this machine's local time. */
static int
minute_now(void)
{
	time_t seconds = (time_t)(clock_wall() / SECOND);
	struct tm tm;

	return localtime_r(&seconds, &tm) == NULL ? 0 : tm.tm_hour * 60 + tm.tm_min;
}

/* A file that cannot be looked at may be there: whoever made it counts on it. */
static const char *
file_waits(struct arena *a, const char *path)
{
	struct stat st;

	if (path == NULL || path[0] == '\0' || mutant("ctl_postpone_unseen"))
		return NULL;
	if (stat(path, &st) == 0)
		return arena_printf(a, "%sthe file '%s' is there", prefix, path);
	if (errno == ENOENT)
		return NULL;
	return arena_printf(a, "%sthe file '%s' may be there: %s", prefix, path, strerror(errno));
}

static const char *
window_waits(struct arena *a, const struct workflow_options *o)
{
	int from = o->window_from, to = o->window_to, now = minute_now();

	if (switch_window_open(from, to, now))
		return NULL;
	return arena_printf(a, "%sit switches between %02d:%02d and %02d:%02d, and it is %02d:%02d",
	    prefix, from / 60, from % 60, to / 60, to % 60, now / 60, now % 60);
}

bool
switch_may_begin(struct workflow *w, bool *changed)
{
	const char *why = file_waits(&w->arena, w->r.options.postpone_file);

	if (why == NULL)
		why = window_waits(&w->arena, &w->r.options);
	*changed = why != NULL && strcmp(w->r.state_text, why) != 0;
	if (why != NULL)
		w->r.state_text = why;
	else if (strncmp(w->r.state_text, prefix, sizeof(prefix) - 1) == 0)
		w->r.state_text = ""; /* written with the attempt's beginning */
	return why == NULL;
}

int
switch_time_check(const struct workflow_options *o, struct err *err)
{
	if (o->postpone_file == NULL || o->postpone_file[0] == '\0' || o->postpone_file[0] == '/')
		return 0;
	err_set(err, ERR_REFUSED, "the file '%s' that postpones the switch has no place",
	    o->postpone_file);
	return err_hint(err, "it is looked for on vtctld's machine: name it from / on");
}
