#include "base/fault.h"

#include "base/check.h"
#include "base/log.h"
#include "base/parse.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	FAULTS_MAX = 16,            /* more in one run tells nobody anything */
	FAULT_NAME_MAX = 64,        /* three words with room */
	SLEEP_MAX_MS = 3600 * 1000, /* longer than any test's deadline */
};

enum fault_action { FAULT_KILL, FAULT_STOP, FAULT_ERROR, FAULT_SLEEP };

struct fault_point {
	char name[FAULT_NAME_MAX];
	enum fault_action action;
	int ms;   /* FAULT_SLEEP */
	int left; /* passages until it acts; 0: it has, and FAULT_STOP stays at 1 */
};

/*
 * What is armed belongs to the process, as a debugger's breakpoints do: a
 * fault point deep in a library has no other way to learn of it.
 */
enum fault_mode { FAULTS_UNREAD = 0, FAULTS_NONE, FAULTS_ARMED };

static _Atomic enum fault_mode fault_mode; /* FAULTS_UNREAD: the environment was not read yet */
static pthread_mutex_t fault_lock = PTHREAD_MUTEX_INITIALIZER;
static struct fault_point fault_points[FAULTS_MAX];
static int fault_count;

static int
parse_action(struct slice s, struct fault_point *p, struct err *err)
{
	struct slice word, rest = slice_split(s, ':', &word);

	if (slice_eq_str(word, "sleep") && !slice_is_null(rest)) {
		p->action = FAULT_SLEEP;
		return parse_int(rest, 0, SLEEP_MAX_MS, &p->ms, err);
	}
	if (slice_eq_str(s, "kill"))
		p->action = FAULT_KILL;
	else if (slice_eq_str(s, "stop"))
		p->action = FAULT_STOP;
	else if (slice_eq_str(s, "error"))
		p->action = FAULT_ERROR;
	else
		return err_set(err, ERR_REFUSED,
		    "'%.*s' is not a fault's action; kill, stop, error and sleep:MS are",
		    SLICE_ARG(s));
	return 0;
}

/* name=action[@n] */
static int
parse_point(struct slice s, struct fault_point *p, struct err *err)
{
	struct slice name, action, after = slice_split(s, '=', &name), nth;

	*p = (struct fault_point){ .left = 1 };
	if (name.len == 0 || name.len >= FAULT_NAME_MAX || slice_is_null(after))
		return err_set(
		    err, ERR_REFUSED, "'%.*s' is not a fault; name=action[@n] is", SLICE_ARG(s));
	memcpy(p->name, name.ptr, name.len);
	nth = slice_split(after, '@', &action);
	TRY(parse_action(action, p, err));
	return slice_is_null(nth) ? 0 : parse_int(nth, 1, 1 << 30, &p->left, err);
}

static int
arm_locked(const char *spec, struct err *err)
{
	struct fault_point points[FAULTS_MAX];
	int count = 0;

	for (struct slice item, rest = slice_str(spec); !slice_is_null(rest);) {
		rest = slice_split(rest, ',', &item);
		item = slice_trim(item);
		if (item.len == 0)
			continue;
		if (fault_count + count == FAULTS_MAX)
			return err_set(err, ERR_REFUSED, "more than %d faults", FAULTS_MAX);
		TRY(parse_point(item, &points[count], err));
		count++;
	}
	for (int i = 0; i < count; i++)
		fault_points[fault_count++] = points[i];
	atomic_store(&fault_mode, fault_count > 0 ? FAULTS_ARMED : FAULTS_NONE);
	return 0;
}

/* A misspelt fault must not let a test pass for want of it. */
static void
read_environment_locked(void)
{
	const char *spec = getenv("SWITCHYARD_FAULTS");
	struct err err = { 0 };

	if (atomic_load(&fault_mode) != FAULTS_UNREAD)
		return;
	if (arm_locked(spec == NULL ? "" : spec, &err) != 0) {
		log_error("$SWITCHYARD_FAULTS: %s", err.text);
		_exit(2);
	}
}

int
fault_arm(const char *spec, struct err *err)
{
	pthread_mutex_lock(&fault_lock);
	read_environment_locked();
	int rc = arm_locked(spec, err);

	pthread_mutex_unlock(&fault_lock);
	return rc == 0 ? 0 : err_wrap(err, "arming faults");
}

void
fault_disarm_all(void)
{
	pthread_mutex_lock(&fault_lock);
	fault_count = 0;
	atomic_store(&fault_mode, FAULTS_NONE);
	pthread_mutex_unlock(&fault_lock);
}

static bool
is_at(const struct fault_point *p, const char *name)
{
	size_t len = strlen(p->name);

	if (p->name[len - 1] == '*')
		return strncmp(p->name, name, len - 1) == 0;
	return strcmp(p->name, name) == 0;
}

/* Counts a passage of name; the point that acts now, by value, or left == 0 and name "". */
static struct fault_point
pass(const char *name, bool sleeps)
{
	struct fault_point acts = { .left = 0 };

	pthread_mutex_lock(&fault_lock);
	read_environment_locked();
	for (int i = 0; i < fault_count; i++) {
		struct fault_point *p = &fault_points[i];

		if (p->left == 0 || (p->action == FAULT_SLEEP) != sleeps || !is_at(p, name) ||
		    --p->left > 0)
			continue;
		acts = *p;
		if (p->action == FAULT_STOP)
			p->left = 1;
	}
	pthread_mutex_unlock(&fault_lock);
	return acts;
}

bool
fault(const char *name)
{
	if (atomic_load_explicit(&fault_mode, memory_order_relaxed) == FAULTS_NONE)
		return false;
	struct fault_point acts = pass(name, false);

	if (acts.name[0] == '\0')
		return false;
	log_warn("fault '%s' acts", name);
	if (acts.action == FAULT_KILL) {
		kill(getpid(), SIGKILL);
		unreachable();
	}
	if (acts.action == FAULT_STOP) {
		raise(SIGSTOP); /* of this thread: it goes no further before all of them stand still */
		return false;
	}
	return true;
}

int
fault_sleep_ms(const char *name)
{
	if (atomic_load_explicit(&fault_mode, memory_order_relaxed) == FAULTS_NONE)
		return 0;
	return pass(name, true).ms;
}
