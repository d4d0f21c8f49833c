#include "golden/golden.h"

#include "test.h"

#include <ctype.h>
#include <stdio.h>

static int
digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

static void
add_hex(const char *line, struct buf *out)
{
	for (const char *p = line; *p != 0 && *p != '#'; p++) {
		if (isspace((unsigned char)*p))
			continue;
		if (digit(p[0]) < 0 || digit(p[1]) < 0)
			test_fail(__FILE__, __LINE__, "not hex: %s", line);
		buf_add_char(out, (char)(digit(p[0]) << 4 | digit(p[1])));
		p++;
	}
}

void
golden_read(const char *file, const char *name, struct buf *out)
{
	char path[512], line[1024];
	size_t len = strlen(name);
	bool inside = false, found = false;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", GOLDEN_DIR, file);
	f = fopen(path, "r");
	if (f == NULL)
		test_fail(__FILE__, __LINE__, "cannot open %s", path);
	buf_reset(out);
	while (fgets(line, sizeof(line), f) != NULL) {
		if (line[0] == '#')
			continue;
		if (isalpha((unsigned char)line[0]) && strchr(line, ':') != NULL) {
			inside = strncmp(line, name, len) == 0 && line[len] == ':';
			found |= inside;
		} else if (inside) {
			add_hex(line, out);
		}
	}
	fclose(f);
	if (!found)
		test_fail(__FILE__, __LINE__, "no entry '%s' in %s", name, path);
}
