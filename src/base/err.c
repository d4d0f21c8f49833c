#include "base/err.h"

#include "base/check.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *
err_kind_name(enum err_kind kind)
{
	switch (kind) {
	case ERR_NONE: return "none";
	case ERR_RETRY: return "retry";
	case ERR_TIMEOUT: return "timeout";
	case ERR_CANCELLED: return "cancelled";
	case ERR_REFUSED: return "refused";
	case ERR_CORRUPT: return "corrupt";
	case ERR_CONFLICT: return "conflict";
	case ERR_NOT_FOUND: return "not found";
	case ERR_SERVER: return "server";
	}
	unreachable();
}

void
err_clear(struct err *err)
{
	*err = (struct err){ .kind = ERR_NONE };
}

int
err_copy(struct err *to, const struct err *from)
{
	if (to != from)
		*to = *from;
	return -1;
}

/* Formats aside first: the arguments may point into the err that is overwritten. */
int
err_set(struct err *err, enum err_kind kind, const char *fmt, ...)
{
	char text[ERR_TEXT_MAX];
	va_list ap;

	check(kind != ERR_NONE);
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	err_clear(err);
	err->kind = kind;
	memcpy(err->text, text, sizeof text);
	return -1;
}

int
err_wrap(struct err *err, const char *fmt, ...)
{
	char text[ERR_TEXT_MAX];
	va_list ap;

	check(err->kind != ERR_NONE);
	va_start(ap, fmt);
	int len = vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	check(len >= 0);
	/* What does not fit of the older text is cut: the context says which call it was. */
	if ((size_t)len + 2 < sizeof text) {
		memcpy(text + len, ": ", 2);
		memcpy(text + len + 2, err->text, sizeof text - (size_t)len - 2);
	}
	text[sizeof text - 1] = '\0';
	memcpy(err->text, text, sizeof text);
	return -1;
}

int
err_hint(struct err *err, const char *fmt, ...)
{
	char hint[ERR_HINT_MAX];
	va_list ap;

	check(err->kind != ERR_NONE);
	va_start(ap, fmt);
	vsnprintf(hint, sizeof hint, fmt, ap);
	va_end(ap);
	memcpy(err->hint, hint, sizeof hint);
	return -1;
}

/* Unknown numbers are refused: retrying what we do not understand hides it. */
static enum err_kind
kind_of_errno(int errnum)
{
	switch (errnum) {
	case ETIMEDOUT: return ERR_TIMEOUT;
	case ECANCELED: return ERR_CANCELLED;
	case ENOENT: return ERR_NOT_FOUND;
	case EEXIST: return ERR_CONFLICT;
	case EAGAIN:
	case EINTR:
	case EBUSY:
	case ENFILE:
	case EMFILE:
	case ENOBUFS:
	case ENOMEM:
	case EADDRINUSE:
	case EPIPE:
	case ECONNRESET:
	case ECONNREFUSED:
	case ECONNABORTED:
	case ENOTCONN:
	case ESHUTDOWN:
	case EHOSTUNREACH:
	case EHOSTDOWN:
	case ENETUNREACH:
	case ENETDOWN:
	case ENETRESET: return ERR_RETRY;
	default: return ERR_REFUSED;
	}
}

int
err_errno(struct err *err, int errnum, const char *fmt, ...)
{
	char act[ERR_TEXT_MAX], why[128];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(act, sizeof act, fmt, ap);
	va_end(ap);
	err_set(err, kind_of_errno(errnum), "%s", strerror_r(errnum, why, sizeof why));
	return err_wrap(err, "%s", act);
}
