/*
 * check.h - what must hold, in production too.
 *
 * check(expr) is for our own mistakes: when it is false the program writes the
 * expression, the place and a backtrace to stderr and aborts. It is never
 * used on what a peer sent; that is err_set(ERR_CORRUPT).
 */
#ifndef BASE_CHECK_H
#define BASE_CHECK_H

/* Prints "file:line: what" with a backtrace and aborts. */
__attribute__((cold)) _Noreturn void check_failed(const char *file, int line, const char *what);

#define check(expr)                                                                                \
	(__builtin_expect(!!(expr), 1) ? (void)0 : check_failed(__FILE__, __LINE__, #expr))
#define unreachable() check_failed(__FILE__, __LINE__, "unreachable")

#endif
