#include "cmd/main.h"

#include "base/check.h"

#include <signal.h>
#include <stdio.h>

int
main_loop(const char *name, void (*main_task)(void *arg), void (*on_signal)(int sig, void *arg),
    void *arg, struct err *err)
{
	static const int signals[] = { SIGTERM, SIGINT };
	struct loop *loop = loop_new(err);

	if (loop == NULL)
		return -1;
	if (loop_on_signals(signals, 2, on_signal, arg, err) != 0) {
		loop_free(loop);
		return -1;
	}
	struct task *t = task_spawn(name, main_task, arg);
	check(t != NULL); /* the first one */
	/* Nobody joins it: the loop runs until it has ended. */
	task_detach(t);
	loop_run(loop);
	loop_free(loop);
	return 0;
}

int
main_complain(const char *name, const struct err *err)
{
	fprintf(stderr, "%s: %s\n", name, err->text);
	if (err->hint[0] != '\0')
		fprintf(stderr, "hint: %s\n", err->hint);
	return 1;
}
