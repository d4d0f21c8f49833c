#include "task/loop.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "task/poller.h"
#include "task/sched.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

void
loop_count_slow(struct loop *l, _Atomic uint64_t *turns)
{
	l->slow_turns = turns;
}

struct loop *
loop_current(void)
{
	return tick_current() == NULL ? NULL : sched_here();
}

bool
loop_is_virtual(void)
{
	const struct tick *t = tick_current();

	return t != NULL && t->is_virtual;
}

static void
letters_came(struct watch *w, uint32_t events)
{
	(void)remote_run(&sched_here()->remote);
}

struct loop *
loop_new(struct err *err)
{
	struct poller *p = poller_new(err);
	struct loop *l = p == NULL ? NULL : sched_loop_new(false, err);

	if (l == NULL) {
		poller_free(p);
		return NULL;
	}
	l->poller = p;
	struct watch *letters = mem_new(struct watch);
	*letters = (struct watch){ .fd = l->remote.fd, .fire = letters_came };
	/* The slot frees it with the loop, also on the way out below. */
	slot_set(l, SLOT_LETTERS, letters, free);
	if (poller_add(p, letters, EPOLLIN | EPOLLET) != 0) {
		err_errno(err, errno, "watching an eventfd");
		loop_free(l);
		return NULL;
	}
	return l;
}

void
loop_free(struct loop *l)
{
	if (l == NULL)
		return;
	struct poller *p = l->poller;
	sched_loop_free(l);
	poller_free(p);
}

void
loop_keep(void *what, void (*free_fn)(void *what))
{
	slot_set(sched_here(), SLOT_KEPT, what, free_fn);
}

void *
loop_kept(void)
{
	return slot_get(sched_here(), SLOT_KEPT);
}

void
loop_run(struct loop *l)
{
	check(!l->tick.is_virtual && l == loop_current() && l->running == NULL);
	/* Tasks that were spawned before the first round are on l->ready already: so the wait stands last. */
	for (;;) {
		l->tick.now = clock_mono();
		sched_fire_timers(l);
		sched_run_ready(l);
		if (list_empty(&l->tasks))
			break;
		poller_wait(l->poller, list_empty(&l->ready) ? sched_next_timer(l) : 0);
	}
	l->stopping = false;
}

void
loop_stop(struct loop *l)
{
	sched_cancel_all(l);
}

/* A foreign descriptor, watched for one wait; on the waiting task's stack. */
struct fd_wait {
	struct watch watch;
	struct task *task;
	uint32_t got;
};

static void
fd_ready(struct watch *w, uint32_t events)
{
	struct fd_wait *wait = list_item(w, struct fd_wait, watch);

	/* Twice before the task runs: with the same descriptor in two rounds. The second finds nobody
	 * parked. */
	wait->got |= events;
	(void)sched_wake(wait->task);
}

/* A descriptor can be in an epoll set once; who comes second watches a copy of it. */
static int
add_foreign(struct poller *p, struct fd_wait *w, uint32_t events)
{
	int fd = w->watch.fd;

	if (poller_add(p, &w->watch, events) == 0)
		return 0;
	if (errno != EEXIST)
		return -1;
	w->watch.fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (w->watch.fd < 0)
		return -1;
	return poller_add(p, &w->watch, events);
}

int
loop_wait_fd(struct ctx *cx, int fd, uint32_t events, uint32_t *got)
{
	struct loop *l = sched_here();
	struct fd_wait w = { .watch = { .fd = fd, .fire = fd_ready }, .task = sched_running() };

	check(!l->tick.is_virtual);
	int rc = add_foreign(l->poller, &w, events);
	if (rc != 0) {
		err_errno(cx->err, errno, "watching descriptor %d", fd);
	} else {
		rc = sched_wait(cx, "waiting for a descriptor");
		poller_remove(l->poller, &w.watch);
	}
	if (w.watch.fd != fd && w.watch.fd >= 0)
		close(w.watch.fd);
	*got = w.got;
	return rc;
}

/* SLOT_SIGNALS */
struct signals {
	struct watch watch;
	void (*on_signal)(int sig, void *arg);
	void *arg;
};

struct signal_call {
	struct signals *signals;
	int sig;
};

static void
signal_task(void *arg)
{
	struct signal_call call = *(struct signal_call *)arg;

	free(arg);
	call.signals->on_signal(call.sig, call.signals->arg);
}

static void
signal_came(struct watch *w, uint32_t events)
{
	struct signals *s = list_item(w, struct signals, watch);
	struct signalfd_siginfo info;

	/* Edge-triggered: what is left unread would not be told again. */
	while (read(w->fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		struct signal_call *call = mem_new(struct signal_call);
		*call = (struct signal_call){ s, (int)info.ssi_signo };
		struct task *t = task_spawn("signal", signal_task, call);
		if (t != NULL) {
			task_detach(t);
			continue;
		}
		log_error("no stack to handle signal %d", call->sig);
		free(call);
	}
}

static void
signals_free(void *what)
{
	struct signals *s = what;

	close(s->watch.fd);
	free(s);
}

int
loop_on_signals(
    const int *sigs, int count, void (*on_signal)(int sig, void *arg), void *arg, struct err *err)
{
	struct loop *l = sched_here();
	sigset_t set;

	sigemptyset(&set);
	for (int i = 0; i < count; i++)
		check(sigaddset(&set, sigs[i]) == 0);
	/* A signal that is not blocked would be handled the default way, which ends the process, and not
	 * be read here. */
	check(pthread_sigmask(SIG_BLOCK, &set, NULL) == 0);
	int fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (fd < 0)
		return err_errno(err, errno, "making a signalfd");
	struct signals *s = mem_new(struct signals);
	*s = (struct signals){ { .fd = fd, .fire = signal_came }, on_signal, arg };
	slot_set(l, SLOT_SIGNALS, s, signals_free);
	if (poller_add(l->poller, &s->watch, EPOLLIN | EPOLLET) != 0)
		return err_errno(err, errno, "watching a signalfd");
	return 0;
}
