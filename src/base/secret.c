#include "base/secret.h"

#include "base/check.h"

void
secret_set(struct secret *s, struct slice bytes)
{
	check(bytes.len <= SECRET_MAX);
	secret_done(s);
	if (bytes.len > 0)
		memcpy(s->hidden, bytes.ptr, bytes.len);
	s->hidden_len = bytes.len;
}

struct slice
secret_reveal(const struct secret *s)
{
	return slice_of(s->hidden, s->hidden_len);
}

/* explicit_bzero: the compiler may drop a memset that nobody reads after. */
void
secret_done(struct secret *s)
{
	explicit_bzero(s, sizeof *s);
}
