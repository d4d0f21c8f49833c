#include "base/buf.h"

#include "base/check.h"
#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { BUF_FIRST = 64 }; /* one cache line: a short statement or name fits without growing */

char buf_empty[1]; /* never written: (2) makes cap 0 the mark of it */

static void
buf_check(const struct buf *b)
{
	check(b->cap == 0 ? b->data == buf_empty && b->len == 0 : b->len < b->cap); /* (2) */
}

void
buf_free(struct buf *b)
{
	free(b->data);
}

void
buf_enlarge(struct buf *b, size_t more)
{
	size_t want, cap = b->cap < BUF_FIRST ? BUF_FIRST : b->cap;

	buf_check(b);
	check(!__builtin_add_overflow(b->len, more, &want) && want < SIZE_MAX / 2);
	if (want < b->cap)
		return;
	while (cap <= want)
		cap *= 2;
	b->data = mem_realloc(b->cap == 0 ? NULL : b->data, cap);
	b->cap = cap;
	b->data[b->len] = '\0';
}

void
buf_addf(struct buf *b, const char *fmt, ...)
{
	va_list ap, again;

	va_start(ap, fmt);
	va_copy(again, ap);
	int len = vsnprintf(NULL, 0, fmt, ap);

	va_end(ap);
	check(len >= 0);
	buf_reserve(b, (size_t)len);
	vsnprintf(b->data + b->len, (size_t)len + 1, fmt, again); /* the spare byte takes the NUL */
	va_end(again);
	b->len += (size_t)len;
}

void
buf_consume(struct buf *b, size_t len)
{
	buf_check(b);
	check(len <= b->len);
	if (len == 0)
		return;
	memmove(b->data, b->data + len, b->len - len);
	buf_truncate(b, b->len - len);
}

void
buf_swap(struct buf *a, struct buf *b)
{
	struct buf was = *a;

	*a = *b;
	*b = was;
}
