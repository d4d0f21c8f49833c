#include "base/log.h"

#include "base/clock.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum {
	LOG_TEXT_MAX = 1536, /* an err with hint and context, twice over */
	LOG_LINE_MAX = 2048, /* below PIPE_BUF: lines of several processes on one pipe do not mix */
};

static _Atomic enum log_level current_level = LOG_INFO;
static _Thread_local const char *(*current_who)(void);

void
log_set_level(enum log_level level)
{
	atomic_store_explicit(&current_level, level, memory_order_relaxed);
}

enum log_level
log_level(void)
{
	return atomic_load_explicit(&current_level, memory_order_relaxed);
}

void
log_set_who(const char *(*who)(void))
{
	current_who = who;
}

static const char *
level_name(enum log_level level)
{
	switch (level) {
	case LOG_DEBUG: return "DEBUG";
	case LOG_INFO: return "INFO ";
	case LOG_WARN: return "WARN ";
	case LOG_ERROR: return "ERROR";
	case LOG_OFF: break;
	}
	return "?    ";
}

static size_t
add_time(char *out, size_t size, usec now)
{
	time_t seconds = (time_t)(now / SECOND);
	struct tm tm;

	gmtime_r(&seconds, &tm);
	size_t len = strftime(out, size, "%Y-%m-%dT%H:%M:%S", &tm);

	return len + (size_t)snprintf(out + len, size - len, ".%06dZ ", (int)(now % SECOND));
}

/* Appends text with control characters escaped, as much as fits; returns the new length. */
static size_t
add_escaped(char *line, size_t len, size_t max, const char *text)
{
	static const char hex[] = "0123456789abcdef";

	for (; *text != '\0' && len + 4 <= max; text++) { /* 4: the longest escape, \x1b */
		unsigned char c = (unsigned char)*text;

		if (c >= 0x20 && c != 0x7f) {
			line[len++] = (char)c;
			continue;
		}
		line[len++] = '\\';
		if (c == '\n' || c == '\t' || c == '\r') {
			line[len++] = c == '\n' ? 'n' : c == '\t' ? 't' : 'r';
			continue;
		}
		line[len++] = 'x';
		line[len++] = hex[c >> 4];
		line[len++] = hex[c & 15];
	}
	return len;
}

/* One write(2); what a full or closed pipe refuses is lost, since logging never waits for a reader. */
static void
write_line(const char *line, size_t len)
{
	ssize_t n;

	do
		n = write(STDERR_FILENO, line, len);
	while (n < 0 && errno == EINTR);
}

void
log_line(enum log_level level, const char *fmt, ...)
{
	char text[LOG_TEXT_MAX], line[LOG_LINE_MAX];
	int saved = errno;
	va_list ap;

	if (level < log_level())
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	const char *who = current_who == NULL ? NULL : current_who();
	size_t max = sizeof line - 1, len = add_time(line, sizeof line, clock_wall());

	len = add_escaped(line, len, max, level_name(level));
	len = add_escaped(line, len, max, " ");
	if (who != NULL) {
		len = add_escaped(line, len, max, who);
		len = add_escaped(line, len, max, ": ");
	}
	len = add_escaped(line, len, max, text);
	line[len++] = '\n';
	write_line(line, len);
	errno = saved;
}
