#include "tablet/table/stored_mode.h"

#include "base/buf.h"

#include <string.h>

#define GOES_WITHOUT_SAYING "NO_AUTO_CREATE_USER"

static const char *
without(struct arena *a, const char *mode)
{
	SCOPED(buf) struct buf out = BUF_INIT;
	struct slice rest = slice_str(mode);

	while (rest.len > 0) {
		struct slice name;

		rest = slice_split(rest, ',', &name);
		if (slice_eq_str(name, GOES_WITHOUT_SAYING))
			continue;
		if (out.len > 0)
			buf_add_char(&out, ',');
		buf_add_slice(&out, name);
	}
	return arena_slice_str(a, buf_slice(&out));
}

const char *
stored_mode_for(struct arena *a, const struct dialect *d, const char *mode)
{
	return d->grants_make_no_account ? without(a, mode) : mode;
}

bool
stored_mode_is_same(const struct dialect *d, const char *there, const char *wanted)
{
	SCOPED(arena) struct arena scratch = ARENA_INIT;

	return strcmp(there, stored_mode_for(&scratch, d, wanted)) == 0 ||
	    strcmp(without(&scratch, there), wanted) == 0;
}
