#include "task/remote.h"

#include "base/check.h"

#include <errno.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

int
remote_init(struct remote *r, bool with_fd, struct err *err)
{
	*r = (struct remote){ .fd = -1 };
	list_init(&r->posts);
	if (with_fd) {
		r->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
		if (r->fd < 0)
			return err_errno(err, errno, "making an eventfd");
	}
	check(pthread_mutex_init(&r->lock, NULL) == 0);
	return 0;
}

void
remote_done(struct remote *r)
{
	check(list_empty(&r->posts));
	if (r->fd >= 0)
		close(r->fd);
	check(pthread_mutex_destroy(&r->lock) == 0);
}

void
remote_post(struct remote *r, struct post *p)
{
	uint64_t one = 1;

	check(pthread_mutex_lock(&r->lock) == 0);
	/* Only the first of a row writes: remote_run() goes on until the box is empty, so it meets those
	 * that come meanwhile. It reads the fd before it looks: who finds the box empty after that makes
	 * it readable anew. */
	bool first = list_empty(&r->posts);
	if (p->node.list == NULL)
		list_push(&r->posts, &p->node);
	/* Under the lock: afterwards the owner may have run p and be gone, box and all. */
	if (first && r->fd >= 0)
		check(write(r->fd, &one, sizeof(one)) == (ssize_t)sizeof(one));
	check(pthread_mutex_unlock(&r->lock) == 0);
}

void
remote_cancel(struct remote *r, struct post *p)
{
	check(pthread_mutex_lock(&r->lock) == 0);
	list_remove(&p->node);
	check(pthread_mutex_unlock(&r->lock) == 0);
}

static struct post *
next_post(struct remote *r)
{
	check(pthread_mutex_lock(&r->lock) == 0);
	struct list_node *n = list_pop(&r->posts);
	check(pthread_mutex_unlock(&r->lock) == 0);
	return n == NULL ? NULL : list_item(n, struct post, node);
}

bool
remote_run(struct remote *r)
{
	struct post *p;
	uint64_t count;
	bool any = false;

	if (r->fd >= 0)
		(void)!read(r->fd, &count, sizeof(count)); /* EAGAIN: looked at early */
	while ((p = next_post(r)) != NULL) {
		p->opened(p);
		any = true;
	}
	return any;
}
