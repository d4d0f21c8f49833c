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
 *
 * Which spelling it is follows from the arguments alone, in this order:
 *
 *   one or two, the first an action's name      the second, or vtctldclient's
 *   three, or two with --all-tables             the first
 *   one, or the first nearly an action's name   none: refused, with what was probably meant
 *   two                                         ours
 *
 * So a keyspace that is called like an action ("create") is told apart by its table: "create.users" is no
 * action.
 */
#ifndef CLIENT_FORMS_H
#define CLIENT_FORMS_H

#include "client/command.h"

/* What is asked of vtctld, whatever it was typed as. */
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

/* Strings are in cx->arena, or argv's. */
struct form {
	enum move_action action;
	const char *verb;                /* the action's name, as Vitess writes it; "" of ours */
	const char *keyspace, *workflow; /* of all but ours: the target's, and the name */
	struct ctl_request request;      /* of MOVE_SHORT and MOVE_CREATE: move_tables' */
};

/* Reads c->args and the options; asks nobody. ERR_REFUSED says what is missing, or what was probably
 * meant; an option that is for other actions is refused by name, since to pass over it would do something
 * else than was typed. */
int form_read(struct ctx *cx, const struct client *c, const struct command_options *o,
    struct form *out) MUST_USE;

/* Of the options that say how a move is done: those that were typed, into r->options and r->given. Waits
 * for nothing; ERR_REFUSED for a window that is none. */
int form_options(struct ctx *cx, const struct client *c, const struct command_options *o,
    struct ctl_request *r) MUST_USE;

/* A list of tables as Vitess takes it: names, and regular expressions without their slashes. */
struct picked {
	struct name_list names;
	const char **patterns;
	size_t patterns_count;
};

/* "users,/^order/,`a,b`". Into the arena; ERR_REFUSED for what is no such list, and for JSON, which is
 * Vitess's way of saying how tables are sharded. */
int form_tables(struct arena *a, const char *text, struct picked *out, struct err *err) MUST_USE;

#endif
