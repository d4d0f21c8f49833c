/*
 * log.h - one line per event: time, level, who, sentence, key=value.
 *
 * 2026-01-31T12:00:00.000001Z INFO  stream 3 users: copy done rows=1000000
 * "who" is the name of the task that logs (set by the loop through
 * log_set_who()); the sentence needs no identity of its own. Lines go to
 * stderr with one write(2) each, and control characters are escaped. Secrets
 * are never passed: struct secret has no format.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR, LOG_OFF };

void log_set_level(enum log_level level);
enum log_level log_level(void);
/* Which name log lines carry on this thread; who is called for each line, may be NULL. */
void log_set_who(const char *(*who)(void));

void log_line(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define log_debug(...) (log_level() <= LOG_DEBUG ? log_line(LOG_DEBUG, __VA_ARGS__) : (void)0)
#define log_info(...)  log_line(LOG_INFO, __VA_ARGS__)
#define log_warn(...)  log_line(LOG_WARN, __VA_ARGS__)
#define log_error(...) log_line(LOG_ERROR, __VA_ARGS__)

#endif
