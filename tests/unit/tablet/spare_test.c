/* What kept connections must never be. What they do is tests/real's. */
#include "tablet/server/spare.h"

#include "test.h"

/* Never looked at: something is there. */
static char something;

static void
keep_nothing(void)
{
	struct spares s = { .count = 1, .roles = { ROLE_DBA } };

	spares_check(&s);
}

static void
keep_a_clients(void)
{
	struct spares s = { .count = 1,
		.kept = { (struct mysql_client *)(void *)&something },
		.roles = { ROLE_CLIENT } };

	spares_check(&s);
}

static void
keep_too_many(void)
{
	struct spares s = { .count = SPARES_MAX + 1 };

	spares_check(&s);
}

TEST(kept_connections_are_few_and_of_a_role_that_states_its_session)
{
	struct spares s = { .count = 0 };

	spares_check(&s);
	expect_check_fails(keep_nothing, "s->kept[i] != NULL");
	expect_check_fails(keep_a_clients, "s->roles[i] != ROLE_CLIENT");
	expect_check_fails(keep_too_many, "s->count <= SPARES_MAX");
}
