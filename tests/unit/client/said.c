#include "unit/client/said.h"

#include "test.h"

#include <stdio.h>

enum { SAID_MAX = 8192 }; /* more than any test prints */

static char text[SAID_MAX];

static const char *
path(void)
{
	static char p[512];

	snprintf(p, sizeof(p), "%s/said", test_dir());
	return p;
}

void
said_begin(void)
{
	expect(freopen(path(), "w", stdout) != NULL);
}

const char *
said(void)
{
	fflush(stdout);
	FILE *f = fopen(path(), "r");
	expect(f != NULL);
	size_t n = fread(text, 1, sizeof(text) - 1, f);

	fclose(f);
	text[n] = '\0';
	return text;
}
