#include "rpc/api.h"
#include "test.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static const char good[] =
    "{\"vt_app\":{\"user\":\"a\",\"password\":\"pa\"},\"vt_stream\":{\"user\":\"s\",\"password\":"
    "\"ps\"},"
    "\"vt_dba\":{\"user\":\"d\",\"password\":\"pd\"},"
    "\"clients\":[{\"user\":\"app\",\"password\":\"\",\"loopback_only\":true}]}";

/* Writes text to a file of this mode and loads it. */
static struct credentials *
load(const char *text, mode_t mode, struct err *err)
{
	char path[300];

	snprintf(path, sizeof(path), "%s/credentials", test_dir());
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	expect(fd >= 0);
	expect_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	expect_eq(fchmod(fd, mode), 0);
	close(fd);
	*err = (struct err){ 0 };
	return credentials_new(path, err);
}

TEST(three_accounts_and_the_clients_are_read)
{
	struct err err;
	struct credentials *c = load(good, 0600, &err);

	expect(c != NULL);
	expect_str(c->stream.user, "s");
	expect_slice(secret_reveal(&c->dba.password), slice_str("pd"));
	expect_eq(c->clients_count, 1);
	expect(c->clients[0].loopback_only);
	credentials_free(c);
}

TEST(a_file_that_others_can_read_is_refused)
{
	struct err err;

	expect(load(good, 0640, &err) == NULL);
	expect_eq(err.kind, ERR_REFUSED);
	expect(strstr(err.hint, "chmod 600") != NULL);
}

TEST(two_equal_names_are_refused)
{
	struct err err;

	expect(load("{\"vt_app\":{\"user\":\"x\"},\"vt_stream\":{\"user\":\"x\"},\"vt_dba\":{"
		    "\"user\":\"d\"}}",
		   0600, &err) == NULL);
	expect(strstr(err.text, "same name") != NULL);
}

TEST(an_error_never_shows_a_password)
{
	struct err err;

	expect(load("{\"vt_app\":{\"user\":\"x\",\"password\":\"hush\"},\"vt_stream\":{\"user\":5}}",
		   0600, &err) == NULL);
	expect(strstr(err.text, "hush") == NULL);
	expect(load("{\"vt_app\":{\"user\":\"x\",\"password\":\"hush\"", 0600, &err) == NULL);
	expect(strstr(err.text, "hush") == NULL);
}
