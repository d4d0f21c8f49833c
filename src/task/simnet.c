#include "task/simnet.h"

#include "base/buf.h"
#include "base/check.h"
#include "base/list.h"
#include "base/map.h"
#include "base/mem.h"
#include "task/sched.h"
#include "task/waitlist.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>

/* Bytes under way; the last of a direction may say that no more will come. */
struct parcel {
	struct list_node node;
	usec arrives_at;
	bool is_end;
	size_t len;
	char bytes[];
};

struct simnet_end {
	struct simnet_link *link;
	struct watch *watch;   /* NULL until attached */
	struct buf inbox;      /* arrived, not read */
	struct list under_way; /* parcels towards this end, in order */
	size_t under_way_bytes;
	struct timer arrival; /* of the first parcel */
	bool ended;           /* the other end's close has arrived */
	bool reset, closed;
	char name[SIMNET_NAME_MAX];
};

struct simnet_link {
	struct list_node node;    /* on host->links */
	struct list_node waiting; /* on host->backlog, until accepted */
	struct simnet_host *host;
	struct simnet_end ends[2]; /* who connected, who accepts */
};

struct simnet_host {
	struct simnet *net;
	struct list links, backlog;
	struct waitlist healed;
	struct watch *watch; /* of the listener; NULL when nobody listens */
	bool cut;
	usec latency;
	char name[SIMNET_NAME_MAX];
};

enum { FIRST_PORT = 10000, FIRST_CLIENT_PORT = 40000 }; /* to be told apart in logs */

struct simnet {
	struct loop *loop;
	struct map hosts;
	int next_port, next_client_port;
};

static void
drop_parcels(struct simnet_end *e)
{
	struct list_node *n;

	while ((n = list_pop(&e->under_way)) != NULL)
		free(list_item(n, struct parcel, node));
	e->under_way_bytes = 0;
}

static void
free_link(struct simnet_link *l)
{
	list_remove(&l->node);
	list_remove(&l->waiting);
	for (int i = 0; i < 2; i++) {
		timer_stop(l->host->net->loop, &l->ends[i].arrival);
		drop_parcels(&l->ends[i]);
		buf_done(&l->ends[i].inbox);
	}
	free(l);
}

static void
net_free(void *what)
{
	struct simnet *net = what;
	size_t i = 0;
	struct slice key;
	void *value;

	while (map_next(&net->hosts, &i, &key, &value)) {
		struct simnet_host *h = value;
		list_each(&h->links, n)
			free_link(list_item(n, struct simnet_link, node));
		free(h);
	}
	map_done(&net->hosts);
	free(net);
}

struct simnet *
simnet_here(void)
{
	struct loop *l = sched_here();
	struct simnet *net = slot_get(l, SLOT_SIMNET);

	check(l->tick.is_virtual);
	if (net != NULL)
		return net;
	net = mem_new(struct simnet);
	net->loop = l;
	net->next_port = FIRST_PORT;
	net->next_client_port = FIRST_CLIENT_PORT;
	map_init(&net->hosts);
	slot_set(l, SLOT_SIMNET, net, net_free);
	return net;
}

static struct simnet_host *
find_host(struct simnet *net, const char *address)
{
	struct simnet_host *h = map_get(&net->hosts, slice_str(address));

	if (h != NULL)
		return h;
	h = mem_new(struct simnet_host);
	h->net = net;
	list_init(&h->links);
	list_init(&h->backlog);
	snprintf(h->name, sizeof(h->name), "%s", address);
	map_put(&net->hosts, slice_str(address), h);
	return h;
}

static struct simnet_end *
other_end(struct simnet_end *e)
{
	return e == &e->link->ends[0] ? &e->link->ends[1] : &e->link->ends[0];
}

static void
fire(struct simnet_end *e, uint32_t events)
{
	if (e->watch != NULL)
		e->watch->fire(e->watch, events);
}

/* Moves into the inbox what has arrived by now, and waits for the next. */
static void
deliver(struct simnet_end *e)
{
	struct simnet_host *h = e->link->host;
	usec now = h->net->loop->tick.now;
	uint32_t events = 0;

	while (!h->cut && !list_empty(&e->under_way)) {
		struct parcel *p = list_item(e->under_way.first, struct parcel, node);
		if (p->arrives_at > now) {
			timer_set(h->net->loop, &e->arrival, p->arrives_at);
			break;
		}
		list_remove(&p->node);
		e->under_way_bytes -= p->len;
		if (p->is_end)
			e->ended = true;
		else if (!e->closed)
			buf_add(&e->inbox, p->bytes, p->len);
		free(p);
		events = e->ended ? EPOLLIN | EPOLLRDHUP | EPOLLHUP : EPOLLIN;
	}
	if (events == 0)
		return;
	fire(e, events);
	if (e->closed)
		fire(other_end(e), EPOLLOUT); /* what was thrown away has made room */
}

static void
parcel_arrived(struct timer *t)
{
	deliver(list_item(t, struct simnet_end, arrival));
}

static void
post_parcel(struct simnet_end *to, const void *data, size_t len, bool is_end)
{
	struct simnet_host *h = to->link->host;
	struct parcel *p = mem_alloc(sizeof(*p) + len);

	*p = (struct parcel){ .is_end = is_end, .len = len };
	p->arrives_at = h->net->loop->tick.now + h->latency;
	if (len > 0)
		memcpy(p->bytes, data, len);
	list_push(&to->under_way, &p->node);
	to->under_way_bytes += len;
	deliver(to);
}

static struct simnet_link *
make_link(struct simnet_host *h)
{
	struct simnet_link *l = mem_new(struct simnet_link);

	l->host = h;
	for (int i = 0; i < 2; i++) {
		struct simnet_end *e = &l->ends[i];
		e->link = l;
		e->arrival.fire = parcel_arrived;
		buf_init(&e->inbox);
		list_init(&e->under_way);
	}
	snprintf(l->ends[0].name, SIMNET_NAME_MAX, "127.0.0.1:%d", h->net->next_client_port++);
	snprintf(l->ends[1].name, SIMNET_NAME_MAX, "%s", h->name);
	list_push(&h->links, &l->node);
	return l;
}

/* "name:0" becomes "name:10000", and so on. */
static void
pick_port(struct simnet *net, const char *address, char name[SIMNET_NAME_MAX])
{
	size_t len = strlen(address);

	if (len > 2 && strcmp(address + len - 2, ":0") == 0)
		snprintf(name, SIMNET_NAME_MAX, "%.*s:%d", (int)len - 2, address, net->next_port++);
	else
		snprintf(name, SIMNET_NAME_MAX, "%s", address);
}

struct simnet_host *
simnet_listen(struct simnet *net, const char *address, struct watch *w, struct err *err)
{
	char name[SIMNET_NAME_MAX];

	pick_port(net, address, name);
	struct simnet_host *h = find_host(net, name);
	if (h->watch != NULL) {
		err_errno(err, EADDRINUSE, "listening on '%s'", name);
		return NULL;
	}
	h->watch = w;
	return h;
}

static void
reset_link(struct simnet_link *l)
{
	for (int i = 0; i < 2; i++) {
		struct simnet_end *e = &l->ends[i];
		e->reset = true;
		drop_parcels(e);
		buf_reset(&e->inbox);
		fire(e, EPOLLIN | EPOLLOUT | EPOLLERR | EPOLLHUP);
	}
}

void
simnet_unlisten(struct simnet_host *h)
{
	struct list_node *n;

	h->watch = NULL;
	while ((n = list_pop(&h->backlog)) != NULL) {
		struct simnet_link *l = list_item(n, struct simnet_link, waiting);
		reset_link(l);
		simnet_close(&l->ends[1]);
	}
}

const char *
simnet_host_name(const struct simnet_host *h)
{
	return h->name;
}

struct simnet_end *
simnet_accept(struct simnet_host *h)
{
	struct list_node *n = list_pop(&h->backlog);

	return n == NULL ? NULL : &list_item(n, struct simnet_link, waiting)->ends[1];
}

/* One way there and one back, and not while the host is cut off. */
static int
shake_hands(struct ctx *cx, struct simnet_host *h)
{
	usec before;

	/* Again when it got slower meanwhile: the test that set it wants no connection sooner than that. */
	do {
		before = h->latency;
		if (before > 0)
			TRY(task_sleep(cx, 2 * before));
		while (h->cut)
			TRY(waitlist_wait(cx, &h->healed));
	} while (h->latency > before);
	return 0;
}

int
simnet_connect(struct ctx *cx, struct simnet *net, const char *address, struct simnet_end **out)
{
	struct simnet_host *h = find_host(net, address);

	TRY(shake_hands(cx, h));
	if (h->watch == NULL || h->backlog.count == SIMNET_BACKLOG_MAX)
		return err_set(cx->err, ERR_RETRY, "connection refused");
	struct simnet_link *l = make_link(h);
	list_push(&h->backlog, &l->waiting);
	h->watch->fire(h->watch, EPOLLIN);
	*out = &l->ends[0];
	return 0;
}

void
simnet_attach(struct simnet_end *e, struct watch *w)
{
	e->watch = w;
}

static ssize_t
fail(int errnum)
{
	errno = errnum;
	return -1;
}

ssize_t
simnet_recv(struct simnet_end *e, void *out, size_t len, bool peek)
{
	if (e->reset)
		return fail(ECONNRESET);
	if (e->inbox.len == 0)
		return e->ended ? 0 : fail(EAGAIN);
	if (len > e->inbox.len)
		len = e->inbox.len;
	memcpy(out, e->inbox.data, len);
	if (!peek) {
		buf_consume(&e->inbox, len);
		fire(other_end(e), EPOLLOUT);
	}
	return (ssize_t)len;
}

ssize_t
simnet_send(struct simnet_end *e, const void *data, size_t len)
{
	struct simnet_end *to = other_end(e);
	size_t held = to->inbox.len + to->under_way_bytes;

	if (e->reset)
		return fail(ECONNRESET);
	if (e->ended)
		return fail(EPIPE);
	if (held >= SIMNET_PIPE_MAX)
		return fail(EAGAIN);
	if (len > SIMNET_PIPE_MAX - held)
		len = SIMNET_PIPE_MAX - held;
	post_parcel(to, data, len, false);
	return (ssize_t)len;
}

void
simnet_close(struct simnet_end *e)
{
	struct simnet_end *to = other_end(e);

	e->closed = true;
	e->watch = NULL;
	buf_reset(&e->inbox);
	/* The first to close leaves the link standing: what it has sent is still to arrive, and then its
	 * end. */
	if (to->closed)
		free_link(e->link);
	else
		post_parcel(to, NULL, 0, true);
}

const char *
simnet_name(const struct simnet_end *e)
{
	return e->name;
}

const char *
simnet_peer(const struct simnet_end *e)
{
	return e == &e->link->ends[0] ? e->link->ends[1].name : e->link->ends[0].name;
}

void
simnet_cut(struct simnet *net, const char *address, bool cut)
{
	struct simnet_host *h = find_host(net, address);

	h->cut = cut;
	if (cut)
		return;
	waitlist_wake_all(&h->healed);
	list_each(&h->links, n) {
		struct simnet_link *l = list_item(n, struct simnet_link, node);
		deliver(&l->ends[0]);
		deliver(&l->ends[1]);
	}
}

void
simnet_reset(struct simnet *net, const char *address)
{
	list_each(&find_host(net, address)->links, n)
		reset_link(list_item(n, struct simnet_link, node));
}

void
simnet_latency(struct simnet *net, const char *address, usec one_way)
{
	find_host(net, address)->latency = one_way;
}
