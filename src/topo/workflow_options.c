#include "topo/workflow_options.h"

#include "base/check.h"
#include "topo/json.h"

#include <limits.h>

/* As the records have them. */
static const char *const on_grace_names[] = { "abort", "wait", "kill", NULL };

void
on_grace_put(struct json_writer *w, enum on_grace g)
{
	check(g <= ON_GRACE_KILL);
	json_put_str(w, "on_grace", on_grace_names[g]);
}

enum on_grace
on_grace_get(const struct json *parent)
{
	return (enum on_grace)json_get_enum(parent, "on_grace", on_grace_names);
}

static void
limits_put(struct json_writer *w, const struct throttle_limits *l, unsigned given)
{
	if (given & GIVEN_MAX_ROWS)
		json_put_i64(w, "max_rows_per_second", l->rows);
	if (given & GIVEN_MAX_BYTES)
		json_put_u64(w, "max_bytes_per_second", l->bytes);
	if (given & GIVEN_MAX_LOAD) {
		json_put_i64(w, "max_threads_running", l->threads);
		json_put_i64(w, "max_history_list_length", l->history);
	}
	if (given & GIVEN_THROTTLE_QUERY)
		json_put_str(w, "throttle_query", l->query);
}

static struct throttle_limits
limits_get(const struct json *j)
{
	return (struct throttle_limits){
		.rows = json_get_i64(j, "max_rows_per_second"),
		.bytes = json_get_u64(j, "max_bytes_per_second"),
		.threads = json_get_i64(j, "max_threads_running"),
		.history = json_get_i64(j, "max_history_list_length"),
		.query = json_get_str(j, "throttle_query"),
	};
}

static void
limits_take(struct throttle_limits *to, const struct throttle_limits *from, unsigned given)
{
	if (given & GIVEN_MAX_ROWS)
		to->rows = from->rows;
	if (given & GIVEN_MAX_BYTES)
		to->bytes = from->bytes;
	if (given & GIVEN_MAX_LOAD) {
		to->threads = from->threads;
		to->history = from->history;
	}
	if (given & GIVEN_THROTTLE_QUERY)
		to->query = from->query;
}

void
workflow_options_put(struct json_writer *w, const struct workflow_options *o, unsigned given)
{
	json_put_open(w, "options", '{');
	if (given & GIVEN_GRACE_PERIOD)
		json_put_i64(w, "grace_period_us", o->grace_period);
	if (given & GIVEN_TIMEOUT)
		json_put_i64(w, "timeout_us", o->timeout);
	if (given & GIVEN_READER_WAIT)
		json_put_i64(w, "reader_wait_us", o->reader_wait);
	if (given & GIVEN_MAX_LAG)
		json_put_i64(w, "max_lag_us", o->max_lag);
	if (given & GIVEN_ON_GRACE)
		on_grace_put(w, o->on_grace);
	if (given & GIVEN_SWITCH_ATTEMPTS)
		json_put_i64(w, "switch_attempts", o->switch_attempts);
	if (given & GIVEN_NO_SWITCH)
		json_put_bool(w, "no_switch", o->no_switch);
	if (given & GIVEN_FORCE)
		json_put_bool(w, "force", o->force);
	if (given & GIVEN_DROP_FOREIGN_KEYS)
		json_put_bool(w, "drop_foreign_keys", o->drop_foreign_keys);
	if (given & GIVEN_MANUAL)
		json_put_bool(w, "manual", o->manual);
	if (given & GIVEN_NO_START)
		json_put_bool(w, "no_start", o->no_start);
	if (given & GIVEN_STOP_AFTER_COPY)
		json_put_bool(w, "stop_after_copy", o->stop_after_copy);
	if (given & GIVEN_POSTPONE_FILE)
		json_put_str(w, "postpone_file", o->postpone_file);
	if (given & GIVEN_WINDOW) {
		json_put_i64(w, "window_from", o->window_from);
		json_put_i64(w, "window_to", o->window_to);
	}
	if (given & GIVEN_REVERSE)
		json_put_bool(w, "reverse_replication", o->reverse);
	if (given & GIVEN_WITH_VIEWS)
		json_put_bool(w, "with_views", o->with_views);
	if (given & GIVEN_FOLLOW)
		json_put_bool(w, "follow_keyspace", o->follow);
	if (given & GIVEN_TO_INNODB)
		json_put_bool(w, "to_innodb", o->to_innodb);
	limits_put(w, &o->limits, given);
	if (given & GIVEN_VDIFF)
		json_put_bool(w, "vdiff", o->vdiff);
	if (given & GIVEN_WITH_ROUTINES)
		json_put_bool(w, "with_routines", o->with_routines);
	if (given & GIVEN_ON_DDL)
		json_put_str(w, "on_ddl", on_ddl_names[o->on_ddl]);
	json_put_close(w, '}');
}

static unsigned
options_given(const struct json *j)
{
	/* In the order of enum workflow_given. */
	static const char *const keys[] = { "grace_period_us", "timeout_us", "reader_wait_us",
		"max_lag_us", "on_grace", "switch_attempts", "no_switch", "force",
		"drop_foreign_keys", "manual", "no_start", "stop_after_copy", "postpone_file",
		"window_from", "reverse_replication", "with_views", "follow_keyspace", "to_innodb",
		"max_rows_per_second", "max_bytes_per_second", "max_threads_running",
		"throttle_query", "vdiff", "with_routines", "on_ddl" };
	unsigned given = 0;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (json_has(j, keys[i]))
			given |= 1U << i;
	}
	return given;
}

struct workflow_options
workflow_options_get(const struct json *parent, unsigned *given)
{
	struct json j = json_get_object(parent, "options");

	*given = options_given(&j);
	return (struct workflow_options){
		.grace_period = json_get_i64(&j, "grace_period_us"),
		.timeout = json_get_i64(&j, "timeout_us"),
		.reader_wait = json_get_i64(&j, "reader_wait_us"),
		.max_lag = json_get_i64(&j, "max_lag_us"),
		.on_grace = on_grace_get(&j),
		.switch_attempts = json_get_int(&j, "switch_attempts", 0, INT_MAX),
		.no_switch = json_get_bool(&j, "no_switch"),
		.force = json_get_bool(&j, "force"),
		.drop_foreign_keys = json_get_bool(&j, "drop_foreign_keys"),
		.manual = json_get_bool(&j, "manual"),
		.no_start = json_get_bool(&j, "no_start"),
		.stop_after_copy = json_get_bool(&j, "stop_after_copy"),
		.postpone_file = json_get_str(&j, "postpone_file"),
		.window_from = json_get_int(&j, "window_from", 0, MINUTES_OF_DAY - 1),
		.window_to = json_get_int(&j, "window_to", 0, MINUTES_OF_DAY - 1),
		.reverse = json_get_bool(&j, "reverse_replication"),
		.with_views = json_get_bool(&j, "with_views"),
		.follow = json_get_bool(&j, "follow_keyspace"),
		.to_innodb = json_get_bool(&j, "to_innodb"),
		.limits = limits_get(&j),
		.vdiff = json_get_bool(&j, "vdiff"),
		.with_routines = json_get_bool(&j, "with_routines"),
		.on_ddl = (enum on_ddl)json_get_enum(&j, "on_ddl", on_ddl_names),
	};
}

void
workflow_options_take(
    struct workflow_options *to, const struct workflow_options *from, unsigned given)
{
	if (given & GIVEN_GRACE_PERIOD)
		to->grace_period = from->grace_period;
	if (given & GIVEN_TIMEOUT)
		to->timeout = from->timeout;
	if (given & GIVEN_READER_WAIT)
		to->reader_wait = from->reader_wait;
	if (given & GIVEN_MAX_LAG)
		to->max_lag = from->max_lag;
	if (given & GIVEN_ON_GRACE)
		to->on_grace = from->on_grace;
	if (given & GIVEN_SWITCH_ATTEMPTS)
		to->switch_attempts = from->switch_attempts;
	if (given & GIVEN_NO_SWITCH)
		to->no_switch = from->no_switch;
	if (given & GIVEN_FORCE)
		to->force = from->force;
	if (given & GIVEN_DROP_FOREIGN_KEYS)
		to->drop_foreign_keys = from->drop_foreign_keys;
	if (given & GIVEN_MANUAL)
		to->manual = from->manual;
	if (given & GIVEN_NO_START)
		to->no_start = from->no_start;
	if (given & GIVEN_STOP_AFTER_COPY)
		to->stop_after_copy = from->stop_after_copy;
	if (given & GIVEN_POSTPONE_FILE)
		to->postpone_file = from->postpone_file;
	if (given & GIVEN_WINDOW) {
		to->window_from = from->window_from;
		to->window_to = from->window_to;
	}
	if (given & GIVEN_REVERSE)
		to->reverse = from->reverse;
	if (given & GIVEN_WITH_VIEWS)
		to->with_views = from->with_views;
	if (given & GIVEN_FOLLOW)
		to->follow = from->follow;
	if (given & GIVEN_TO_INNODB)
		to->to_innodb = from->to_innodb;
	limits_take(&to->limits, &from->limits, given);
	if (given & GIVEN_VDIFF)
		to->vdiff = from->vdiff;
	if (given & GIVEN_WITH_ROUTINES)
		to->with_routines = from->with_routines;
	if (given & GIVEN_ON_DDL)
		to->on_ddl = from->on_ddl;
}
