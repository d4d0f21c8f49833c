#include "gate/complaints.h"

#include "base/metric.h"

#include <string.h>

#define LOG_EVERY (10 * SECOND) /* a line that repeats more often says no more */

static bool
is_same(const struct complaint *c, int number, const char *cause)
{
	return c->number == number && (c->cause == cause || strcmp(c->cause, cause) == 0);
}

struct complaint *
complaints_add(struct complaints *c, int number, const char *cause)
{
	size_t used = atomic_load_explicit(&c->used, memory_order_relaxed), i = 0;
	struct complaint *found;

	while (i < used && !is_same(&c->items[i], number, cause))
		i++;
	if (i == COMPLAINTS_MAX)
		i--;
	found = &c->items[i];
	if (i == used) {
		found->number = i + 1 < COMPLAINTS_MAX ? number : 0;
		found->cause = i + 1 < COMPLAINTS_MAX ? cause : "others";
		atomic_store_explicit(&c->used, i + 1, memory_order_release);
	}
	atomic_store_explicit(&found->count,
	    atomic_load_explicit(&found->count, memory_order_relaxed) + 1, memory_order_relaxed);
	return found;
}

bool
complaint_is_due(struct complaint *c, usec now, uint64_t *since)
{
	uint64_t count = atomic_load_explicit(&c->count, memory_order_relaxed);

	if (c->logged != 0 && now - c->logged < LOG_EVERY)
		return false;
	*since = count - c->logged_count;
	c->logged_count = count;
	c->logged = now;
	return true;
}

/* "%.*s" and its like; no flag or length in front of these letters ends a conversion earlier. */
static const char *
skip_conversion(const char *at)
{
	return at + strcspn(at, "diucsxp") + 1;
}

void
complaint_print_cause(struct buf *out, const char *cause)
{
	for (; *cause != '\0'; cause++) {
		if (*cause != '%') {
			buf_add_char(out, *cause == '"' || *cause == '\\' ? '\'' : *cause);
			continue;
		}
		buf_add_char(out, cause[1] == '%' ? '%' : '?');
		cause = cause[1] == '%' ? cause + 1 : skip_conversion(cause + 1) - 1;
	}
}

static uint64_t
sum_of(const struct complaints *const *all, size_t count, const struct complaint *what)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < count; i++) {
		size_t used = atomic_load_explicit(&all[i]->used, memory_order_acquire);

		for (size_t n = 0; n < used; n++) {
			const struct complaint *c = &all[i]->items[n];

			if (is_same(c, what->number, what->cause))
				sum += atomic_load_explicit(&c->count, memory_order_relaxed);
		}
	}
	return sum;
}

/* Did a loop before this one have it? */
static bool
was_printed(const struct complaints *const *all, size_t count, const struct complaint *what)
{
	return sum_of(all, count, what) > 0;
}

void
complaints_print(struct buf *out, const struct complaints *const *all, size_t count)
{
	const char *help =
	    "Errors that clients were sent, by number and cause; server: a server's own.";

	for (size_t i = 0; i < count; i++) {
		size_t used = atomic_load_explicit(&all[i]->used, memory_order_acquire);

		for (size_t n = 0; n < used; n++) {
			const struct complaint *c = &all[i]->items[n];
			SCOPED(buf)
			struct buf labels = BUF_INIT;

			if (was_printed(all, i, c))
				continue;
			buf_addf(&labels, "number=\"%d\",cause=\"", c->number);
			complaint_print_cause(&labels, c->cause);
			buf_add_char(&labels, '"');
			metric_print(out, "vtgate_client_errors_total", help, labels.data,
			    (double)sum_of(all, count, c));
			help = NULL;
		}
	}
}
