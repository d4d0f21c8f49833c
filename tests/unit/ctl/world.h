/*
 * world.h - a cluster in one process, on virtual time: two tablets, two gates, clients, vtctlds.
 *
 * A server is a counter of rows. Clients add one to a table through their gate,
 * which routes, holds and acknowledges as its rules say; the streams carry the
 * counter from one side to the other. Whatever happens, the side that is served in the end has at
 * least the rows that were acknowledged, and no moment may have two sides that accept writes:
 * world_check() looks after every act.
 *
 * Trouble is planned by method: "lock" of the from tablet fails twice, the answer to
 * "freeze" is lost, gate 1 does not answer to a hold.
 */
#ifndef TESTS_CTL_WORLD_H
#define TESTS_CTL_WORLD_H

#include "ctl/ctl_api.h"
#include "ctl/job.h"
#include "rpc/statements.h"
#include "task/sim.h"
#include "test.h"
#include "topo/routing.h"

enum trouble {
	NO_TROUBLE,
	FAILS,   /* answers with an error and has done nothing */
	HANGS,   /* has done nothing, and does not answer */
	LATE,    /* does it, and the answer is lost */
	SLOW,    /* does it long after the caller has given up */
	REFUSES, /* the topology only: a file that cannot be written, say */
};

enum { FOR_EVER = 1000000 }; /* times */

struct plan {
	/* "lock at source"; "hold", "switched": what gates are posted; "txn", "rolling back", "end":
	 * the commit, a record that says so, the last record; "record": any; NULL: none */
	const char *method;
	enum trouble trouble;
	int times; /* how often; then it works */
	int after; /* how often it works before that */
};

enum { GATES = 2, CTLDS = 2 };

struct fake_server {
	int rows;
	bool suspended; /* the stream that ends there: by command */
	bool has_fence, armed;
	bool trigger;   /* of a client: where it serves, and nowhere else while rows arrive */
	bool to_locked; /* frozen, to be served again */
	/* Of the stream that ends there. broken: it has stopped; closed: its guard has found something */
	bool stream, prepared, frozen, finished, broken, closed;
	int round;                /* of it */
	bool gone, renamed, bare; /* its table; bare: it has only what was copied */
	/* attempts; lock_no 0: not locked; counted_no 0: nothing keeps DDL off before that */
	int fence_no, counted_no, lock_no, freeze_no;
	usec fence_takes; /* before it asks for the table */
	bool refused;     /* its DDL, just now */
	bool row_left;    /* of a fence, armed: its triggers are gone */
	int applied;      /* rows of the other side that have arrived */
	int next;         /* AUTO_INCREMENT, as it was set; who serves has rows + 1 */
	int seen;         /* the highest number of a stream's or a fence's call */
};

struct fake_gate {
	struct world *world;
	char id[16], address[32];
	struct http_server *http;
	struct rules_record rules;
	struct arena arena;
	struct waitlist changed;
	int64_t lease;
	int inside, number;
	int64_t revision; /* that the rules were read at */
	int64_t released; /* revision of the switch key that it was told is over; how often */
	int told;
	int64_t pause; /* number of the last one, which began at */
	usec paused_at;
	bool dead;
};

/* Stands between a vtctld and the topology. */
struct flaky {
	struct topo base;
	struct world *world;
	int reads; /* gets and lists */
};

struct world {
	struct topo *topo;
	const struct statements_record *seen; /* by each gate; NULL: nothing */
	struct fake_server source, target;
	struct fake_gate gates[GATES];
	struct ctl ctlds[CTLDS];
	struct flaky flaky[CTLDS];
	struct http_server *tablets[2];
	struct group tasks, orchestrators[CTLDS];
	struct plan plan;
	int acknowledged, troubles;
	/* A served table is free only in a pause, only when so many have gone before, and only once those
	 * who are on it when it begins have ended their transactions. */
	bool crowded;
	bool asks; /* servers that cannot refuse at once: tablets ask for nothing without room */
	int crowded_pauses, pauses;
	usec crowded_for;
	usec paused; /* all pauses together, as long as they may last */
	bool over;
	/* Tables beside users, "customer.x"; they are seen once so many questions have been asked. */
	const char *there[2];
	int there_after;
	size_t listed;  /* how many tables, "t0" and so on, a list of a keyspace has */
	usec naming_us; /* how long a gate has DDL on a name under way */
	int looks;      /* questions since it has said that it is over */
	usec naming_until;
};

typedef void story_fn(struct ctx *cx, struct world *w);

/* Runs one story in a world of its own: keyspaces, tablets, gates, clients, and the first vtctld. */
void world_tell(story_fn *story, struct plan plan);
/* The invariants; called by everything that changes something. */
void world_check(const struct world *w);

/* Calls a vtctld's API as vtctlclient does; the answer lives in cx->arena. */
int world_call(struct ctx *cx, struct ctl *c, const char *method, const struct ctl_request *q,
    struct slice *answer) MUST_USE;
/* MoveTables customer.users new_customer.users, with these options; until its check is over. */
int world_move(struct ctx *cx, struct world *w, int n, struct workflow_options options) MUST_USE;
/* Workflow delete new_customer.users. */
int world_cancel(struct ctx *cx, struct world *w, int n) MUST_USE;
/* SwitchTraffic, ReverseTraffic or Complete ("workflow_switch" ...; action: of Complete). */
int world_ask(
    struct ctx *cx, struct world *w, int n, const char *method, const char *action) MUST_USE;
/* Starts the n-th vtctld; ends it as a kill would. */
void world_start_ctld(struct world *w, int n);
void world_kill_ctld(struct world *w, int n);
/* As a gate whose hold buffer is full writes it. */
void world_ask_to_roll_back(struct ctx *cx, struct world *w, const char *why);
/* Of a key's last change. */
int64_t world_revision(struct ctx *cx, struct world *w, const char *key);
/* The workflow's record now, in cx->arena. */
void world_record(struct ctx *cx, struct world *w, struct workflow_record *r);
/* Beside it that of another workflow of users, to keyspace "other", which nobody works on. */
void world_put_other(struct ctx *cx, struct world *w, enum workflow_state state, int64_t created_us);
/* The vttablet of server 1 (the source's) or 2 is started again, at another address. */
void world_move_tablet(struct ctx *cx, struct world *w, int uid, const char *http);
/* Stops renewing and answering. */
void world_kill_gate(struct world *w, int n);
/* users was at new_customer, and was brought back: rules that a move which is over has left. */
void world_has_moved_before(struct ctx *cx, struct world *w);
/* What another workflow's switch key is to say of users, at that keyspace. */
struct world_route {
	const char *workflow, *keyspace;
	enum rule_phase phase;
	bool one_name; /* of that keyspace alone: no gate goes by it */
};
/* Has it govern both names, as if it had taken them. */
void world_route(struct ctx *cx, struct world *w, const struct world_route *r);
/* They are there, as they were, and open. */
void world_expect_moved_before(const struct world *w);
/* Until the workflow has ended. When a fault point kills the first vtctld, the second goes on. */
enum workflow_state world_wait_end(struct ctx *cx, struct world *w);
/* The story of a move from beginning to end. */
void world_moves(struct ctx *cx, struct world *w);
/* Everything is as it must be when the table is served by the source, or by the target. */
void world_expect_source(struct ctx *cx, struct world *w);
void world_expect_target(struct ctx *cx, struct world *w);
/* Nothing of the move is left anywhere but its record. */
void world_expect_nothing(struct ctx *cx, struct world *w);
struct workflow_options world_options(void);

#endif
