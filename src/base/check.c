#include "base/check.h"

#include <execinfo.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { FRAMES_MAX = 48 }; /* deeper than any call chain on a 64 kB stack says anything new */

/* Formats on its own stack and writes with write(2): the heap or stdio may be what is broken. */
_Noreturn void
check_failed(const char *file, int line, const char *what)
{
	char text[512];
	void *frames[FRAMES_MAX];
	int len = snprintf(text, sizeof text, "%s:%d: check failed: %s\n", file, line, what);

	if (len >= (int)sizeof text)
		len = (int)sizeof text - 1;
	ssize_t ignored = write(STDERR_FILENO, text, (size_t)(len > 0 ? len : 0));

	(void)ignored; /* there is nobody left to tell */
	backtrace_symbols_fd(frames, backtrace(frames, FRAMES_MAX), STDERR_FILENO);
	abort();
}
