#include "tablet/read/spool.h"

#include "base/check.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

void
spool_init(struct spool *s, const char *dir, size_t memory)
{
	*s = (struct spool){ .dir = dir, .memory = memory, .file = -1 };
	buf_init(&s->newest);
}

static void
close_file(struct spool *s)
{
	if (s->file >= 0)
		close(s->file);
	s->file = -1;
	s->file_bytes = 0;
}

void
spool_done(struct spool *s)
{
	close_file(s);
	buf_done(&s->newest);
}

void
spool_reset(struct spool *s)
{
	buf_reset(&s->newest);
	close_file(s);
}

uint64_t
spool_bytes(const struct spool *s)
{
	return s->file_bytes + s->newest.len;
}

static int
to_file(struct spool *s, struct slice bytes, struct err *err)
{
	size_t done = 0;

	if (s->file < 0)
		s->file = open(s->dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (s->file < 0)
		return err_errno(
		    err, errno, "making a file in '%s' for a large transaction", s->dir);
	while (done < bytes.len) {
		ssize_t n = pwrite(
		    s->file, bytes.ptr + done, bytes.len - done, (off_t)(s->file_bytes + done));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(err, errno, "writing a large transaction to '%s'", s->dir);
		done += (size_t)n;
	}
	s->file_bytes += bytes.len;
	return 0;
}

int
spool_add(struct spool *s, struct slice bytes, struct err *err)
{
	if (s->newest.len + bytes.len < s->memory) {
		buf_add_slice(&s->newest, bytes);
		return 0;
	}
	if (s->newest.len > 0)
		TRY(to_file(s, buf_slice(&s->newest), err));
	buf_reset(&s->newest);
	return to_file(s, bytes, err);
}

void
spool_truncate(struct spool *s, uint64_t bytes)
{
	check(bytes <= spool_bytes(s));
	buf_truncate(&s->newest, bytes > s->file_bytes ? (size_t)(bytes - s->file_bytes) : 0);
	if (bytes < s->file_bytes)
		s->file_bytes = bytes;
}

static int
from_file(const struct spool *s, uint64_t at, void *out, size_t len, struct err *err)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = pread(s->file, (char *)out + done, len - done, (off_t)(at + done));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(
			    err, errno, "reading a large transaction from '%s'", s->dir);
		/* we wrote it, and nobody else has its name */
		check(n > 0);
		done += (size_t)n;
	}
	return 0;
}

int
spool_read(const struct spool *s, uint64_t at, void *out, size_t len, struct err *err)
{
	size_t old = 0;

	check(at + len <= spool_bytes(s));
	if (at < s->file_bytes) {
		old = s->file_bytes - at < len ? (size_t)(s->file_bytes - at) : len;
		TRY(from_file(s, at, out, old, err));
	}
	if (len > old)
		memcpy((char *)out + old, s->newest.data + (at + old - s->file_bytes), len - old);
	return 0;
}
