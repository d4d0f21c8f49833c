#include "gate/prepared.h"

#include "base/hash.h"
#include "mysql/command.h"
#include "test.h"

/* COM_STMT_EXECUTE of statement 5 with two parameters: head, NULL bits, flag, types, values. */
#define HEAD   "\x17\x05\x00\x00\x00\x00\x01\x00\x00\x00"
#define TYPES  "\x03\x00\xfd\x00"
#define VALUES "\x07\x00\x00\x00\x01x"

static struct slice
bytes(const char *s, size_t len)
{
	return slice_of(s, len);
}

#define BYTES(literal) bytes(literal, sizeof(literal) - 1)

static struct prepared *
two_params(void)
{
	struct prepared *p;
	struct err err = { 0 };

	expect_ok(prepared_new(slice_str("insert into t values (?, ?)"), 0, &p, &err), &err);
	p->id = 5;
	p->params = 2;
	return p;
}

TEST(types_are_repeated_where_the_client_sent_them_once)
{
	struct prepared *p = two_params();
	struct arena *a = &p->arena;

	expect_slice(prepared_execute_packet(p, BYTES(HEAD "\x00\x01" TYPES VALUES), 9, a),
	    BYTES("\x17\x09\x00\x00\x00\x00\x01\x00\x00\x00"
		  "\x00\x01" TYPES VALUES));
	expect_slice(prepared_execute_packet(p, BYTES(HEAD "\x00\x00" VALUES), 10, a),
	    BYTES("\x17\x0a\x00\x00\x00\x00\x01\x00\x00\x00"
		  "\x00\x01" TYPES VALUES));
	prepared_free(p);
}

TEST(packets_that_end_too_early)
{
	struct prepared *p = two_params();
	const struct slice whole = BYTES(HEAD "\x00\x01" TYPES);

	for (size_t len = 0; len < whole.len; len++)
		expect(slice_is_null(
		    prepared_execute_packet(p, slice_cut(whole, 0, len), 9, &p->arena)));
	prepared_free(p);
}

TEST(long_data_is_kept_and_bounded)
{
	struct prepared *p = two_params();
	struct slice packet;
	size_t at = 0;
	char *big = arena_alloc(&p->arena, LONG_DATA_MAX);

	prepared_add_long_data(p, slice_str("one"));
	prepared_add_long_data(p, slice_str("second"));
	expect(prepared_next_long_data(p, &at, &packet));
	expect_slice(packet, slice_str("one"));
	expect(prepared_next_long_data(p, &at, &packet));
	expect_slice(packet, slice_str("second"));
	expect(!prepared_next_long_data(p, &at, &packet));
	prepared_add_long_data(p, slice_of(big, LONG_DATA_MAX));
	expect(p->long_data_lost && p->long_data.len == 0);
	prepared_free(p);
}

TEST(numbers_of_a_backend_belong_to_a_text)
{
	struct backend b = { 0 };
	uint32_t remote;

	expect(!remote_find(&b, 1, hash_bytes(slice_str("a")), &remote));
	remote_put(&b, 1, hash_bytes(slice_str("a")), 0xffffffff);
	remote_put(&b, 2, hash_bytes(slice_str("b")), 0);
	expect(remote_find(&b, 1, hash_bytes(slice_str("a")), &remote) && remote == 0xffffffff);
	expect(remote_find(&b, 2, hash_bytes(slice_str("b")), &remote) && remote == 0);
	expect(!remote_find(&b, 1, hash_bytes(slice_str("rewritten")), &remote));
	expect(remote_known(&b, 1, &remote) && remote == 0xffffffff);
	expect(remote_take(&b, 1, &remote) && !remote_known(&b, 1, &remote));
	expect(!remote_take(&b, 1, &remote));
	idmap_done(&b.statements);
}
