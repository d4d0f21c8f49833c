/*
 * view.h - what vtctld answers of a workflow, as far as people are shown it.
 *
 * One reader of the answer for all commands that show a move, so that each member of vtctld's JSON is
 * named in one place of the client. It derives what people ask for and no record has: how long each step
 * of the last switch took, how long writes waited in vain, whether the move has arrived.
 *
 * All strings are non-NULL. States are compared as words: a client that is older than vtctld shows a
 * state that it does not know by its name, and goes on.
 */
#ifndef CLIENT_VIEW_H
#define CLIENT_VIEW_H

#include "base/buf.h"
#include "task/task.h"

struct table_view {
	const char *table; /* at the target */
	const char *state; /* "copying" */
	int64_t rows_copied, rows_total;
	int64_t bytes_copied, bytes_total; /* with sizes_known; the source's, an estimate */
};

/*
 * One answer of move_status, as far as it is shown. Strings live in the answer's arena.
 *
 * Three things of an answer come together here: the record (state, step, times, options), which is what
 * vtctld has decided; the stream's progress (phase, rows, lag, changes), which its tablet reports, and
 * which is empty while that does not answer; and the way back's. They are not of one moment: a phase may
 * be behind the state.
 */
struct move_view {
	const char *workflow;
	const char *state, *state_text,
	    *hint;         /* of the workflow's record; text: why it waits or failed */
	const char *step;  /* of the cutover under way; "" outside */
	const char *phase; /* of the stream: "copying", "catching-up", ... */
	const char *stream_error, *stream_hint;
	const char *source, *target; /* "customer.users", "customer.users,orders" */
	const char *source_keyspace, *target_keyspace;
	const char *source_shard, *target_shard, *target_tablet; /* "0", "zone1-101" */
	struct table_view *table_views;
	size_t tables;
	bool sizes_known;
	int64_t stream_id;     /* of the stream: its round */
	const char *traffic;   /* "Reads Not Switched. Writes Not Switched" */
	const char *position;  /* of the stream; "" */
	const char *loaded_by; /* how the copy writes rows, for people; "" */
	const char *limits;    /* of the copy, for people; "": none */
	const char *on_ddl;    /* "STOP", ... */
	const char *ddl;       /* that the stream has met, a line each; "" */
	const char *throttled; /* by what the copy is kept waiting now, for people; "" */
	int64_t throttled_us;  /* since when, by the wall clock of its tablet */
	bool commanded;        /* it waits for SwitchTraffic */
	bool follow;           /* new tables of the source keyspace are made where the tables are */
	bool reversing;        /* ReverseTraffic was asked for, and is not over */
	bool finishing;        /* the last step of its switch is to come */
	bool served_back;      /* it has been there, and is served by the source again */
	const char *way_back;  /* "open", "pending", "closed", "unknown"; "": none */
	const char *way_back_why;   /* it is closed, or not known */
	int64_t way_back_lag_ms;    /* -1: none, or not known */
	const char *postpone_file;  /* on vtctld's machine; "" */
	int window_from, window_to; /* minutes of the day; both the same: none */
	/* rows_total: the server's estimate when the copy began. lag_ms: -1 where it is not known. */
	int64_t rows_copied, rows_total, lag_ms, changes_applied;
	/* By vtctld's wall clock, 0: not yet; hold_us is a duration. */
	int64_t created_us, copied_us, switched_us, hold_us;
	int64_t attempt, revision; /* attempt: from 0, whatever had its name before */
	const char *notes;         /* what its check found and passed, a line each; "" mostly */
	int64_t undone_holds, undone_us; /* of attempts that were rolled back: how many, how long */
	const char *steps; /* how long each step took that writes waited for, of the last switch; "" */
};

struct json_writer;
/* "zone1-100" as member "tablet": {"cell":"zone1","uid":100} */
void view_put_tablet(struct json_writer *w, const char *alias);
/* The same under another key. */
void view_put_tablet_as(struct json_writer *w, const char *key, const char *alias);
/* It has just switched, and the last step, which holds nobody, is under way: worth waiting for a moment. */
bool view_settles(const struct move_view *v);
/* It is served at the target, and the switch is over. */
bool view_arrived(const struct move_view *v);
/* It does not go on by itself. */
bool view_failed(const struct move_view *v);

/* One line of a preflight's list; of an event that is none, nothing. */
void view_finding(struct buf *out, const char *severity, const char *text);
/* From an answer of move_status or workflow_show. */
int view_read(struct ctx *cx, struct slice answer, struct move_view *v) MUST_USE;

#endif
