/*
 * invariants_test.c - a session or a pool that breaks its invariants ends the process.
 */
#include "gate/session.h"

#include "test.h"

/* ---- The pool */

static struct pool pool;
static struct backend backend = { .pool = &pool }, *slot;

static struct backend *
backend_in(enum backend_state state, struct list *in)
{
	pool_init(&pool, "app", NULL, 1);
	pool.count = 1;
	backend.state = state;
	if (in != NULL)
		list_push(in, &backend.node);
	return &backend;
}

static void
forget_the_slot(void)
{
	struct backend *b = backend_in(BACKEND_PARKED, &pool.parked);

	b->slot = &slot;
	pool_unpark(&pool, b);
}

static void
give_what_is_idle(void)
{
	struct backend *b = backend_in(BACKEND_IN_USE, &pool.idle);

	pool_give(&pool, b, true);
}

static void
park_what_another_slot_has(void)
{
	struct backend *b = backend_in(BACKEND_IN_USE, NULL);

	b->slot = &slot;
	pool_park(&pool, b, &b);
}

static void
have_more_than_max(void)
{
	(void)backend_in(BACKEND_IDLE, &pool.idle);
	pool.count = 2;
	pool_close_idle(&pool);
}

static void
lose_count(void)
{
	(void)backend_in(BACKEND_IDLE, &pool.idle);
	pool.count = 0;
	pool_age(&pool);
}

TEST(a_backend_is_in_the_list_and_the_slot_of_its_state)
{
	expect_check_fails(forget_the_slot, "*b->slot == b");
	expect_check_fails(park_what_another_slot_has, "b->slot == NULL");
	expect_check_fails(give_what_is_idle, "b->node.list == list_of");
	expect_check_fails(have_more_than_max, "p->count <= p->max");
	expect_check_fails(lose_count, "p->idle.count + p->parked.count <= p->count");
}

/* ---- The session */

static struct gate_loop loop;
static struct session session;

static struct session *
fresh(void)
{
	list_init(&loop.sessions);
	pool_init(&loop.pool, "app", NULL, 1);
	session_init(&session, &loop, NULL, 1);
	session_check(&session);
	return &session;
}

static void
open_at_no_server(void)
{
	struct session *s = fresh();

	s->txn = TXN_OPEN;
	session_take_status(s, 0, STATUS_IN_TRANS);
}

static void
view_without_a_transaction(void)
{
	static struct route route;

	fresh()->view = &route;
	session_rest(&session);
}

static void
bound_to_a_parked_one(void)
{
	struct session *s = fresh();

	s->slots[1] = &backend;
	backend.state = BACKEND_PARKED;
	s->bound = 1;
	session_rest(s);
}

static void
keep_in_an_empty_slot(void)
{
	fresh()->keeps[2] = LEAVES_TABLES;
	session_rest(&session);
}

static void
home_that_keeps_nothing(void)
{
	fresh()->home = 0;
	(void)session_at_rest(&session);
}

static void
locked_and_has_not_written(void)
{
	struct session *s = fresh();

	session_locked(s, 0);
	session_unlocked(s, 0);
}

TEST(a_session_holds_what_its_transaction_its_state_and_its_locks_need)
{
	(void)fresh();
	expect_check_fails(open_at_no_server, "s->txn != TXN_OPEN");
	expect_check_fails(view_without_a_transaction, "s->view == NULL");
	expect_check_fails(bound_to_a_parked_one, "s->bound < 0");
	expect_check_fails(keep_in_an_empty_slot, "s->keeps[i] == 0");
	expect_check_fails(home_that_keeps_nothing, "s->home < 0");
	expect_check_fails(locked_and_has_not_written, "s->work.wrote_seq != 0");
}
