#include "base/option.h"

#include "base/check.h"
#include "base/parse.h"

enum {
	NAME_MAX_LEN = 64, /* longest word that suggestions look at */
	HELP_COLUMN = 32,  /* where the sentences start */
	HELP_WIDTH = 80,
};

static void *
value_of(const struct option *o, void *settings)
{
	return (char *)settings + o->offset;
}

static int
check_limits(const struct option *o, int64_t v, struct err *err)
{
	if ((o->min == 0 && o->max == 0) || (v >= o->min && v <= o->max))
		return 0;
	if (o->type == OPT_DURATION) {
		char min[32], max[32];

		print_duration(min, sizeof min, o->min);
		print_duration(max, sizeof max, o->max);
		return err_set(err, ERR_REFUSED, "the value is not between %s and %s", min, max);
	}
	return err_set(err, ERR_REFUSED, "%lld is not between %lld and %lld", (long long)v,
	    (long long)o->min, (long long)o->max);
}

static int
set_enum(const struct option *o, int *value, const char *text, struct err *err)
{
	struct slice word, rest = slice_str(o->choices);

	for (int i = 0; !slice_is_null(rest); i++) {
		rest = slice_split(rest, '|', &word);
		if (!slice_eq_nocase(word, slice_str(text)))
			continue;
		*value = i;
		return 0;
	}
	return err_set(err, ERR_REFUSED, "'%.64s' is none of %s", text, o->choices);
}

static int
set_size(const struct option *o, uint64_t *value, const char *text, struct err *err)
{
	TRY(parse_size(slice_str(text), value, err));
	return check_limits(o, *value > INT64_MAX ? INT64_MAX : (int64_t)*value, err);
}

static int
set_address(const char **value, const char *text, struct err *err)
{
	char host[256];
	int port;

	*value = text;
	return parse_hostport(slice_str(text), host, &port, err);
}

static int
set_list(struct option_list *list, const char *text, struct err *err)
{
	if (list->count == OPTION_LIST_MAX)
		return err_set(err, ERR_REFUSED, "it is given more than %d times", OPTION_LIST_MAX);
	list->items[list->count++] = text;
	return 0;
}

/* Parses text into the setting; the error does not name the option yet. */
static int
set_value(const struct option *o, void *value, const char *text, struct err *err)
{
	switch (o->type) {
	case OPT_BOOL: return parse_bool(slice_str(text), value, err);
	case OPT_INT:
		TRY(parse_i64(slice_str(text), value, err));
		return check_limits(o, *(int64_t *)value, err);
	case OPT_DURATION:
		TRY(parse_duration(slice_str(text), value, err));
		return check_limits(o, *(usec *)value, err);
	case OPT_SIZE: return set_size(o, value, text, err);
	case OPT_STRING: *(const char **)value = text; return 0;
	case OPT_ADDRESS: return set_address(value, text, err);
	case OPT_ENUM: return set_enum(o, value, text, err);
	case OPT_LIST: return set_list(value, text, err);
	case OPT_REFUSED: break; /* read_option() has refused it */
	}
	unreachable();
}

static int
option_set(const struct option *o, void *settings, const char *text, struct err *err)
{
	if (set_value(o, value_of(o, settings), text, err) != 0)
		return err_wrap(err, "option '--%s'", o->name);
	return 0;
}

/* A value that no row's text sets: zero of its type. */
static void
clear_value(const struct option *o, void *value)
{
	switch (o->type) {
	case OPT_BOOL: *(bool *)value = false; return;
	case OPT_INT: *(int64_t *)value = 0; return;
	case OPT_DURATION: *(usec *)value = 0; return;
	case OPT_SIZE: *(uint64_t *)value = 0; return;
	case OPT_STRING:
	case OPT_ADDRESS: *(const char **)value = NULL; return;
	case OPT_ENUM: *(int *)value = 0; return;
	case OPT_LIST: ((struct option_list *)value)->count = 0; return;
	case OPT_REFUSED: return;
	}
	unreachable();
}

int
option_defaults(const struct option *table, void *settings, struct err *err)
{
	for (const struct option *o = table; o->name != NULL; o++) {
		check(o->type != OPT_LIST || o->fallback == NULL); /* given items would add to it */
		clear_value(o, value_of(o, settings));
		if (o->fallback != NULL)
			TRY(option_set(o, settings, o->fallback, err));
	}
	return 0;
}

static bool
same_name(struct slice given, const char *name)
{
	if (given.len != strlen(name))
		return false;
	for (size_t i = 0; i < given.len; i++)
		if (given.ptr[i] != (uint8_t)name[i] && !(given.ptr[i] == '_' && name[i] == '-'))
			return false;
	return true;
}

static const struct option *
option_find(const struct option *table, struct slice name)
{
	for (const struct option *o = table; o->name != NULL; o++)
		if (same_name(name, o->name))
			return o;
	return NULL;
}

static int
least(int a, int b, int c)
{
	int least = a < b ? a : b;

	return least < c ? least : c;
}

/* Levenshtein's distance, one row at a time. */
static int
edit_distance(const char *a, const char *b)
{
	int row[NAME_MAX_LEN + 1];
	size_t alen = strlen(a), blen = strlen(b);

	if (alen > NAME_MAX_LEN || blen > NAME_MAX_LEN)
		return NAME_MAX_LEN;
	for (size_t j = 0; j <= blen; j++)
		row[j] = (int)j;
	for (size_t i = 1; i <= alen; i++) {
		int diagonal = row[0];

		row[0] = (int)i;
		for (size_t j = 1; j <= blen; j++) {
			int above = row[j];

			row[j] = least(above + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1]));
			diagonal = above;
		}
	}
	return row[blen];
}

/* Near enough to be a slip of the finger: a third of the word, and something of it must be right. */
static bool
near_enough(const char *word, int distance)
{
	return distance <= 1 + (int)strlen(word) / 4 && distance < (int)strlen(word);
}

const char *
option_suggest(const char *word, const char *const *names)
{
	const char *best = NULL;
	int best_distance = 0;

	for (; *names != NULL; names++) {
		int distance = edit_distance(word, *names);

		if (!near_enough(word, distance) || (best != NULL && distance >= best_distance))
			continue;
		best = *names;
		best_distance = distance;
	}
	return best;
}

static int
unknown(const struct option *table, struct slice name, struct err *err)
{
	char word[NAME_MAX_LEN + 1] = "";
	const char *best = NULL, *names[2] = { NULL, NULL };
	int best_distance = 0;

	err_set(err, ERR_REFUSED, "unknown option '--%.*s'",
	    SLICE_ARG(slice_cut(name, 0, NAME_MAX_LEN)));
	if (name.len > NAME_MAX_LEN)
		return -1;
	memcpy(word, name.ptr, name.len);
	for (const struct option *o = table; o->name != NULL; o++) {
		names[0] = o->name;
		if (o->type == OPT_REFUSED || option_suggest(word, names) == NULL)
			continue;
		int distance = edit_distance(word, o->name);

		if (best == NULL || distance < best_distance) {
			best = o->name;
			best_distance = distance;
		}
	}
	return best == NULL ? -1 : err_hint(err, "did you mean '--%s'?", best);
}

/* "no-NAME" of a boolean. */
static const struct option *
option_find_negated(const struct option *table, struct slice name)
{
	if (!slice_starts(name, "no-") && !slice_starts(name, "no_"))
		return NULL;
	const struct option *o = option_find(table, slice_cut(name, 3, name.len));

	return o != NULL && o->type == OPT_BOOL ? o : NULL;
}

static int
refuse(const struct option *o, struct err *err)
{
	err_set(err, ERR_REFUSED, "there is no option '--%s' here", o->name);
	return err_hint(err, "%s", o->help);
}

/* Reads *argv, and the value behind it when it needs one; argv stays at what was read last. */
static int
read_option(const struct option *table, char ***argv, struct option_use *out, struct err *err)
{
	const char *arg = **argv;
	struct slice name, value = slice_split(slice_str(arg + (arg[1] == '-' ? 2 : 1)), '=', &name);

	*out = (struct option_use){ .option = option_find(table, name),
		.value = (const char *)value.ptr };
	if (out->option == NULL && slice_is_null(value)) {
		out->option = option_find_negated(table, name);
		out->negated = out->option != NULL;
	}
	if (out->option == NULL)
		return unknown(table, name, err);
	if (out->option->type == OPT_REFUSED)
		return refuse(out->option, err);
	if (!slice_is_null(value) || out->option->type == OPT_BOOL)
		return 0;
	if ((*argv)[1] == NULL)
		return err_set(err, ERR_REFUSED, "option '--%s' needs a value", out->option->name);
	out->value = *++*argv;
	return 0;
}

static int
take_option(const struct option *table, void *settings, char ***argv, struct err *err)
{
	struct option_use u;

	TRY(read_option(table, argv, &u, err));
	return option_set(u.option, settings,
	    u.value != NULL ? u.value
		: u.negated ? "false"
			    : "true",
	    err);
}

static bool
is_option(const char *arg)
{
	return arg[0] == '-' && arg[1] != '\0';
}

int
option_parse(const struct option *table, void *settings, char **argv, const char **rest,
    int *rest_count, struct err *err)
{
	int rest_max = *rest_count;
	bool options = true;

	*rest_count = 0;
	for (argv += *argv != NULL; *argv != NULL; argv++) {
		if (options && strcmp(*argv, "--") == 0) {
			options = false;
		} else if (options && is_option(*argv)) {
			TRY(take_option(table, settings, &argv, err));
		} else {
			if (*rest_count == rest_max)
				return err_set(
				    err, ERR_REFUSED, "unexpected argument '%.64s'", *argv);
			rest[(*rest_count)++] = *argv;
		}
	}
	return 0;
}

bool
option_next(const struct option *table, char ***argv, struct option_use *out)
{
	struct err err;

	while (**argv != NULL && *++*argv != NULL && strcmp(**argv, "--") != 0) {
		if (is_option(**argv))
			return read_option(table, argv, out, &err) == 0;
	}
	return false;
}

bool
option_given(const struct option *table, char **argv, const char *name)
{
	struct option_use u;

	while (option_next(table, &argv, &u)) {
		if (strcmp(u.option->name, name) == 0)
			return true;
	}
	return false;
}

/* Writes the words of text from column on, folded before HELP_WIDTH; returns the column reached. */
static int
print_words(FILE *out, int column, const char *text)
{
	while (*text != '\0') {
		int len = (int)strcspn(text, " ");

		if (column > HELP_COLUMN && column + 1 + len > HELP_WIDTH) {
			fprintf(out, "\n%*s", HELP_COLUMN, "");
			column = HELP_COLUMN;
		}
		if (column > HELP_COLUMN)
			column += fprintf(out, " ");
		column += fprintf(out, "%.*s", len, text);
		text += len;
		text += strspn(text, " ");
	}
	return column;
}

static void
print_row(const struct option *o, FILE *out)
{
	char fallback[256]; /* three lines; longer defaults are cut */
	const char *value = o->type == OPT_ENUM ? o->choices
	    : o->value != NULL                  ? o->value
						: "VALUE";
	int column = fprintf(out, "  --%s", o->name);

	if (o->type != OPT_BOOL)
		column += fprintf(out, "=%s", value);
	if (column + 2 > HELP_COLUMN) {
		fprintf(out, "\n");
		column = 0;
	}
	fprintf(out, "%*s", HELP_COLUMN - column, "");
	column = print_words(out, HELP_COLUMN, o->help == NULL ? "" : o->help);
	if (o->type == OPT_LIST)
		column = print_words(out, column, "(may be repeated)");
	if (o->fallback != NULL && o->fallback[0] != '\0') {
		snprintf(fallback, sizeof fallback, "(default %s)", o->fallback);
		print_words(out, column, fallback);
	}
	fprintf(out, "\n");
}

void
option_help(const struct option *table, FILE *out)
{
	for (const struct option *o = table; o->name != NULL; o++) {
		if (o->help != NULL && o->type != OPT_REFUSED)
			print_row(o, out);
	}
}
