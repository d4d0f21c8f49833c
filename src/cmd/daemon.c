#include "cmd/daemon.h"

#include "base/log.h"
#include "cmd/main.h"

#include <sys/stat.h>

static void
main_task(void *arg)
{
	struct daemon *d = arg;
	struct err err = { 0 };
	struct arena arena = ARENA_INIT;
	struct ctx cx = { .deadline = NEVER, .err = &err, .arena = &arena };

	/* A cancellation is how a signal ends it: no failure. */
	if (d->serve(&cx, d->arg) != 0 && err.kind != ERR_CANCELLED) {
		log_error("%s stops: %s%s%s", d->name, err.text, err.hint[0] != '\0' ? "; " : "",
		    err.hint);
		d->status = 1;
	}
	/* In the task, since to close may wait; serve() is over, so it finds nobody inside. */
	if (d->end != NULL)
		d->end(d->arg);
	arena_done(&arena);
	loop_stop(loop_current());
}

static void
on_signal(int sig, void *arg)
{
	struct daemon *d = arg;

	log_info("stopping on signal %d", sig);
	if (d->stop != NULL)
		d->stop(d->arg);
	else
		loop_stop(loop_current());
}

static int
read_settings(struct daemon *d, char **argv, struct err *err)
{
	const char *rest[1];
	int rest_count = 1;

	TRY(option_defaults(d->options, d->settings, err));
	TRY(option_parse(d->options, d->settings, argv, rest, &rest_count, err));
	if (*d->help)
		return 0;
	if (rest_count > 0)
		return err_set(err, ERR_REFUSED, "unexpected argument '%s'", rest[0]);
	return d->prepare(d->arg, err);
}

int
daemon_main(struct daemon *d, char **argv)
{
	struct err err = { 0 };

	if (read_settings(d, argv, &err) != 0)
		return main_complain(d->name, &err);
	if (*d->help) {
		printf("%s - %s\n\nusage: %s %s [options]\n\n", d->name, d->purpose, d->name,
		    d->usage);
		option_help(d->options, stdout);
		return 0;
	}
	/* Spilled transactions have rows in them, and the topology names every server. */
	umask(077);
	if (main_loop(d->name, main_task, on_signal, d, &err) != 0)
		return main_complain(d->name, &err);
	return d->status;
}
