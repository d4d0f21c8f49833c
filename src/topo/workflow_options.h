/*
 * workflow_options.h - how a move is to be done, and which of it somebody has said.
 *
 * A workflow's record has all of them. A command's request has those that were typed: the
 * others stay as the workflow has them, or get their defaults when it is made.
 *
 * Where an option comes from, nearest first: this command, the workflow's record, the default of
 * its command. given is a set of enum workflow_given, and the members without their bit are zero and mean
 * nothing.
 */
#ifndef TOPO_WORKFLOW_OPTIONS_H
#define TOPO_WORKFLOW_OPTIONS_H

#include "base/parse.h"
#include "topo/on_ddl.h"
#include "topo/throttle_limits.h"

struct json;
struct json_writer;

enum { MINUTES_OF_DAY = 24 * 60 };

/* What becomes of transactions that are open when the grace period is over. */
enum on_grace { ON_GRACE_ABORT, ON_GRACE_WAIT, ON_GRACE_KILL };

struct workflow_options {
	/* grace_period: how long a cutover's hold waits for transactions that are open, then on_grace
	 * says. timeout: a whole attempt. reader_wait: those that only read, within it. max_lag: more
	 * than that, and no attempt begins. */
	usec grace_period, timeout, reader_wait, max_lag;
	enum on_grace on_grace;
	int switch_attempts; /* then the move stays in step with the source and waits for a person */
	bool no_switch;
	bool vdiff;             /* no switch before a comparison of all rows that finds nothing */
	bool force;             /* goes on past what names the table */
	bool with_views;        /* those that name nothing else move too */
	bool with_routines;     /* the same, and those that name no table */
	bool drop_foreign_keys; /* goes on without those that lead out of the set or into it */
	/* Made in one of Vitess's forms: it switches when SwitchTraffic says so, and a switch that fails
	 * leaves it waiting for the next word. With no_switch until then. */
	bool manual;
	bool no_start;             /* --auto-start=false */
	bool stop_after_copy;      /* the stream stops once it is in sync */
	const char *postpone_file; /* no switch while it exists on vtctld's machine; "": none */
	/* No switch but between these minutes of vtctld's day; both the same: always. */
	int window_from, window_to;
	bool to_innodb; /* tables of MyISAM and Aria move, into tables of InnoDB */
	bool reverse;   /* a switch leaves a way back: --enable-reverse-replication */
	/* While the tables are at the target, new ones of the source keyspace are made there: ctl/follow.h */
	bool follow;
	struct throttle_limits limits; /* of the copy */
	enum on_ddl on_ddl;
};

/* In the order in which options_given() asks for their members. */
enum workflow_given {
	GIVEN_GRACE_PERIOD = 1 << 0,
	GIVEN_TIMEOUT = 1 << 1,
	GIVEN_READER_WAIT = 1 << 2,
	GIVEN_MAX_LAG = 1 << 3,
	GIVEN_ON_GRACE = 1 << 4,
	GIVEN_SWITCH_ATTEMPTS = 1 << 5,
	GIVEN_NO_SWITCH = 1 << 6,
	GIVEN_FORCE = 1 << 7,
	GIVEN_DROP_FOREIGN_KEYS = 1 << 8,
	GIVEN_MANUAL = 1 << 9,
	GIVEN_NO_START = 1 << 10,
	GIVEN_STOP_AFTER_COPY = 1 << 11,
	GIVEN_POSTPONE_FILE = 1 << 12,
	GIVEN_WINDOW = 1 << 13,
	GIVEN_REVERSE = 1 << 14,
	GIVEN_WITH_VIEWS = 1 << 15,
	GIVEN_FOLLOW = 1 << 16,
	GIVEN_TO_INNODB = 1 << 17,
	GIVEN_MAX_ROWS = 1 << 18,
	GIVEN_MAX_BYTES = 1 << 19,
	GIVEN_MAX_LOAD = 1 << 20,
	GIVEN_THROTTLE_QUERY = 1 << 21,
	GIVEN_LIMITS = GIVEN_MAX_ROWS | GIVEN_MAX_BYTES | GIVEN_MAX_LOAD | GIVEN_THROTTLE_QUERY,
	GIVEN_VDIFF = 1 << 22,
	GIVEN_WITH_ROUTINES = 1 << 23,
	GIVEN_ON_DDL = 1 << 24,
	GIVEN_STREAM = GIVEN_LIMITS | GIVEN_ON_DDL, /* what a stream that is there is told */
	GIVEN_ALL = (1 << 25) - 1,
};

/* The options as member "options" of an object that somebody else writes or reads (json.h). */
void workflow_options_put(struct json_writer *w, const struct workflow_options *o, unsigned given);
struct workflow_options workflow_options_get(const struct json *parent, unsigned *given);
/* Takes over those that are given. */
void workflow_options_take(
    struct workflow_options *to, const struct workflow_options *from, unsigned given);

/* As member "on_grace". */
void on_grace_put(struct json_writer *w, enum on_grace g);
enum on_grace on_grace_get(const struct json *parent);

#endif
