/*
 * forms.h - MoveTables as it is typed: four spellings of one command.
 *
 *   customer.users,orders new_customer                         ours: goes to its end by itself
 *   -workflow=w customer new_customer users,orders             Vitess's first one
 *   --source customer --tables users,orders Create new_customer.w      its second
 *   --workflow w --target-keyspace new_customer create --source-keyspace customer --tables users,orders
 *                                                              vtctldclient's
 *
 * Vitess's wait for SwitchTraffic. Tables are names, between backquotes where needed, and /regular
 * expressions/. What one spelling calls --source, --all and --exclude another calls --source-keyspace,
 * --all-tables and --exclude-tables: all are taken in all.
 */
#ifndef CLIENT_FORMS_H
#define CLIENT_FORMS_H

#include "client/command.h"

enum move_action {
	MOVE_SHORT, /* ours */
	MOVE_CREATE,
	MOVE_SHOW,
	MOVE_STATUS, /* Progress, too */
	MOVE_START,
	MOVE_STOP,
	MOVE_SWITCH,
	MOVE_REVERSE,
	MOVE_COMPLETE,
	MOVE_CANCEL,
	MOVE_GET_STATE,
};

struct form {
	enum move_action action;
	const char *verb;                /* the action's name, as Vitess writes it; "" of ours */
	const char *keyspace, *workflow; /* of all but ours: the target's, and the name */
	struct ctl_request request;      /* of MOVE_SHORT and MOVE_CREATE: move_tables' */
};

/* Reads c->args and the options. ERR_REFUSED says what is missing, or what was probably meant. */
int form_read(struct ctx *cx, const struct client *c, const struct command_options *o,
    struct form *out) MUST_USE;

/* Of the options that say how a move is done: those that were typed, into r->options and r->given. */
int form_options(struct ctx *cx, const struct client *c, const struct command_options *o,
    struct ctl_request *r) MUST_USE;

struct picked {
	struct name_list names;
	const char **patterns;
	size_t patterns_count;
};

/* "users,/^order/,`a,b`" */
int form_tables(struct arena *a, const char *text, struct picked *out, struct err *err) MUST_USE;

#endif
