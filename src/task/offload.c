#include "task/offload.h"

#include "base/check.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/mutant.h"
#include "task/sched.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

enum {
	THREADS_MAX = 8
}; /* of one loop: blocking calls wait for a disk or a resolver, not for a core */

/* On the stack of the task that waits. */
struct job {
	struct list_node node;
	void (*call)(void *arg);
	void *arg;
	struct task *task;
	struct post post;
	bool done;
};

struct offload_pool {
	struct remote *home;
	pthread_mutex_t lock; /* guards what follows */
	pthread_cond_t work;
	struct list jobs;
	pthread_t threads[THREADS_MAX];
	int thread_count, idle_count;
	bool stopping;
};

/* Under the lock, which is given up while waiting. NULL: stop. */
static struct job *
next_job(struct offload_pool *p)
{
	p->idle_count++;
	while (list_empty(&p->jobs) && !p->stopping)
		check(pthread_cond_wait(&p->work, &p->lock) == 0);
	p->idle_count--;
	struct list_node *n = list_pop(&p->jobs);
	return n == NULL ? NULL : list_item(n, struct job, node);
}

static void *
thread_main(void *arg)
{
	struct offload_pool *p = arg;
	struct job *j;

	check(pthread_mutex_lock(&p->lock) == 0);
	while ((j = next_job(p)) != NULL) {
		check(pthread_mutex_unlock(&p->lock) == 0);
		j->call(j->arg);
		remote_post(p->home, &j->post); /* from here on j may be gone */
		check(pthread_mutex_lock(&p->lock) == 0);
	}
	check(pthread_mutex_unlock(&p->lock) == 0);
	return NULL;
}

/* Helpers take no signals: those are for the loops. */
static void
start_thread(struct offload_pool *p)
{
	sigset_t all, before;

	sigfillset(&all);
	check(pthread_sigmask(SIG_SETMASK, &all, &before) == 0);
	int rc = pthread_create(&p->threads[p->thread_count], NULL, thread_main, p);
	check(pthread_sigmask(SIG_SETMASK, &before, NULL) == 0);
	if (rc == 0)
		p->thread_count++;
}

static void
pool_free(void *what)
{
	struct offload_pool *p = what;

	check(pthread_mutex_lock(&p->lock) == 0);
	p->stopping = true;
	check(pthread_cond_broadcast(&p->work) == 0);
	check(pthread_mutex_unlock(&p->lock) == 0);
	for (int i = 0; i < p->thread_count; i++)
		check(pthread_join(p->threads[i], NULL) == 0);
	check(pthread_cond_destroy(&p->work) == 0);
	check(pthread_mutex_destroy(&p->lock) == 0);
	free(p);
}

static struct offload_pool *
pool_here(struct loop *l)
{
	struct offload_pool *p = slot_get(l, SLOT_OFFLOAD);

	if (p != NULL)
		return p;
	p = mem_new(struct offload_pool);
	p->home = &l->remote;
	list_init(&p->jobs);
	check(pthread_mutex_init(&p->lock, NULL) == 0);
	check(pthread_cond_init(&p->work, NULL) == 0);
	slot_set(l, SLOT_OFFLOAD, p, pool_free);
	return p;
}

/* false: not even one thread is to be had. */
static bool
submit(struct offload_pool *p, struct job *j)
{
	check(pthread_mutex_lock(&p->lock) == 0);
	/* Each job that lies there already has an idle thread that will take it: so one more thread for
	 * one more job. */
	if ((size_t)p->idle_count <= p->jobs.count && p->thread_count < THREADS_MAX)
		start_thread(p);
	bool accepted = p->thread_count > 0;
	if (accepted) {
		list_push(&p->jobs, &j->node);
	}
	check(pthread_mutex_unlock(&p->lock) == 0);
	if (accepted) /* not under the lock: who wakes up would have to wait for it */
		check(pthread_cond_signal(&p->work) == 0);
	return accepted;
}

static void
job_ended(struct post *post)
{
	struct job *j = list_item(post, struct job, post);

	j->done = true;
	(void)sched_wake(j->task); /* false: it has not parked yet, and looks at done first */
}

void
offload(struct ctx *cx, void (*fn)(void *arg), void *arg)
{
	struct loop *l = sched_here();
	struct job j = { .call = fn, .arg = arg, .task = sched_running(), .post.opened = job_ended };
	struct err err;
	struct ctx shielded = {
		.deadline = NEVER, .err = &err, .shielded = !mutant("task_offload_returns_early")
	};

	check(j.task != NULL);
	if (l->tick.is_virtual || !submit(pool_here(l), &j)) {
		fn(arg);
		return;
	}
	while (!j.done && sched_wait(&shielded, "offloading") == 0)
		;
	check(j.done || mutant("task_offload_returns_early"));
	(void)cx; /* neither deadline nor cancellation ends it: arg may live on the caller's stack */
}
