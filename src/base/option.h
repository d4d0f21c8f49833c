/*
 * option.h - tables of settings: parse, print, document.
 *
 * One row each; --help, the parser, "did you mean" and the manual come from
 * the table. Accepts --name=value, --name value, -name (Go style) and '_' for
 * '-' alike; --flag and --no-flag for booleans. "--" ends the options.
 */
#ifndef BASE_OPTION_H
#define BASE_OPTION_H

#include "base/err.h"
#include "base/slice.h"

#include <stdio.h>

enum option_type {
	OPT_BOOL,     /* bool */
	OPT_INT,      /* int64_t, between min and max */
	OPT_DURATION, /* usec, between min and max */
	OPT_SIZE,     /* uint64_t bytes, between min and max */
	OPT_STRING,   /* const char *; borrowed from argv */
	OPT_ADDRESS,  /* the same, and parse_hostport() takes it */
	OPT_ENUM,     /* int: index into choices, in either case */
	OPT_LIST,     /* struct option_list: may be repeated */
	OPT_REFUSED,  /* none: known, and an error with help as its hint; --help does not show it */
};

enum { OPTION_LIST_MAX = 64 }; /* repeated options a person types */

struct option_list {
	const char *items[OPTION_LIST_MAX];
	int count;
};

struct option {
	const char *name; /* with '-': "max-replication-lag-allowed" */
	enum option_type type;
	size_t offset;        /* of the value in the settings struct */
	const char *fallback; /* default, parsed like a given value; NULL: zero */
	int64_t min, max;     /* both 0: no limits */
	const char *choices;  /* OPT_ENUM: "abort|wait|kill" */
	const char *value;    /* placeholder in --help: "DIR"; an OPT_ENUM shows its choices */
	const char *help; /* one sentence; NULL: another spelling of an option, not shown by --help */
};

/* Rows end with { 0 }. Sets defaults. */
int option_defaults(const struct option *table, void *settings, struct err *err) MUST_USE;
/* Parses argv[1..]; what is not an option goes to rest (argv's strings, at most *rest_count on entry). */
int option_parse(const struct option *table, void *settings, char **argv, const char **rest,
    int *rest_count, struct err *err) MUST_USE;
/* One option as it was written. */
struct option_use {
	const struct option *option;
	const char *value; /* argv's; NULL: a boolean's name alone */
	bool negated;      /* --no-NAME */
};

/* The next option behind *argv, which moves on; false: there is none. For an argv that option_parse() has
 * accepted, from its beginning. */
bool option_next(const struct option *table, char ***argv, struct option_use *out);
/* Is that option in there? */
bool option_given(const struct option *table, char **argv, const char *name);
/* The options' part of --help, aligned to 80 columns. */
void option_help(const struct option *table, FILE *out);
/* The closest of names (NULL-terminated) to word within a small edit distance, or NULL. */
const char *option_suggest(const char *word, const char *const *names);

#endif
