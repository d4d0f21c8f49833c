/*
 * replay - feeds every file of the folders named to fuzz_one(), and each beginning of it, each
 * input in memory of exactly its size.
 */
#include "base/check.h"
#include "fuzz/fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { INPUT_MAX = 64 * 1024 }; /* what libFuzzer is told too */

static void
feed(const char *bytes, size_t len)
{
	char *exact = malloc(len == 0 ? 1 : len);

	check(exact != NULL);
	memcpy(exact, bytes, len);
	fuzz_one(slice_of(exact, len));
	free(exact);
}

static void
replay_file(const char *path)
{
	char *bytes = malloc(INPUT_MAX);
	FILE *f = fopen(path, "rb");
	size_t len;

	check(bytes != NULL && f != NULL);
	len = fread(bytes, 1, INPUT_MAX, f);
	fclose(f);
	for (size_t n = 0; n < len && n < 300; n++) /* longer ones: the beginnings say enough */
		feed(bytes, n);
	feed(bytes, len);
	free(bytes);
}

static int
replay_folder(const char *folder)
{
	DIR *d = opendir(folder);
	struct dirent *e;
	int files = 0;

	check(d != NULL);
	while ((e = readdir(d)) != NULL) {
		char path[1000];

		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
		replay_file(path);
		files++;
	}
	closedir(d);
	return files;
}

int
main(int argc, char **argv)
{
	int files = 0;

	for (int i = 1; i < argc; i++)
		files += replay_folder(argv[i]);
	printf("%d passed, %d failed\n", files > 0, files == 0);
	return files == 0;
}
