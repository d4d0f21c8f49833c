#include "task/mailbox.h"

#include "base/check.h"
#include "base/mem.h"
#include "task/sched.h"
#include "task/waitlist.h"

#include <pthread.h>
#include <stdlib.h>

struct mailbox {
	struct remote *home; /* of the owner's loop */
	struct post post;
	struct waitlist takers; /* the owner's */
	pthread_mutex_t lock;   /* guards what follows */
	void **ring;
	size_t max, first, count;
};

static void
mail_came(struct post *p)
{
	/* All: one post stands for any number of messages, since posting what is in the box already does
	 * nothing. */
	waitlist_wake_all(&list_item(p, struct mailbox, post)->takers);
}

struct mailbox *
mailbox_new(size_t max, struct err *err)
{
	if (max == 0) {
		err_set(err, ERR_REFUSED, "making a mailbox for no message");
		return NULL;
	}
	struct mailbox *m = mem_new(struct mailbox);
	m->home = &sched_here()->remote;
	m->post.opened = mail_came;
	m->max = max;
	m->ring = mem_zalloc(max * sizeof(void *));
	check(pthread_mutex_init(&m->lock, NULL) == 0);
	return m;
}

void
mailbox_free(struct mailbox *m)
{
	if (m == NULL)
		return;
	check(waitlist_empty(&m->takers));
	/* The post may still lie in the loop's box, for messages that a taker found by itself. */
	remote_cancel(m->home, &m->post);
	check(pthread_mutex_destroy(&m->lock) == 0);
	free(m->ring);
	free(m);
}

bool
mailbox_post(struct mailbox *m, void *message)
{
	check(pthread_mutex_lock(&m->lock) == 0);
	bool fits = m->count < m->max;
	if (fits)
		m->ring[(m->first + m->count++) % m->max] = message;
	check(pthread_mutex_unlock(&m->lock) == 0);
	if (fits)
		remote_post(m->home, &m->post);
	return fits;
}

static bool
take_now(struct mailbox *m, void **message)
{
	check(pthread_mutex_lock(&m->lock) == 0);
	bool any = m->count > 0;
	if (any) {
		*message = m->ring[m->first];
		m->first = (m->first + 1) % m->max;
		m->count--;
	}
	check(pthread_mutex_unlock(&m->lock) == 0);
	return any;
}

int
mailbox_take(struct ctx *cx, struct mailbox *m, void **message)
{
	/* A poster that is faster than the taker would keep it from ever waiting, and the loop's other
	 * tasks from running. */
	TRY(sched_breathe(cx));
	while (!take_now(m, message))
		if (waitlist_wait(cx, &m->takers) != 0)
			return err_wrap(cx->err, "waiting for mail");
	return 0;
}
