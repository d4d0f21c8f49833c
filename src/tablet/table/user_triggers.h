/*
 * user_triggers.h - triggers that clients have made at moved tables: which there are, and may they move.
 *
 * All triggers but a fence's (guard/fence.h). They stand at the side that serves and at no other: what an
 * applier writes is what they have done already, and would fire them again. So they are read where they are,
 * and made at the other end in the hold (trigger_make.h).
 *
 * One moves when its body means the same there: it names tables of the set alone, under names that stay,
 * and without their database unless that stays too; no routine, no sequence. What SHOW CREATE TRIGGER
 * prints is taken to pieces: the head is made anew with the names at the other end, the body stays as it is,
 * byte by byte, with the sql_mode and the character set that it was made under. The other end gets them in
 * JSON, so a body that is no UTF-8 is refused.
 */
#ifndef TABLET_TABLE_USER_TRIGGERS_H
#define TABLET_TABLE_USER_TRIGGERS_H

#include "mysql/client.h"
#include "rpc/tablet.h"
#include "tablet/table/table_set.h"

/* Those of the move's tables at that end, in cx->arena, as they fire. ERR_REFUSED with a hint: one of them
 * may not move. */
int user_triggers_read(struct ctx *cx, struct mysql_client *c, const struct move_request *q,
    enum move_side end, struct trigger_list *out) MUST_USE;
/* Their names alone, each with its table, in cx->arena: name and table are all that is set. */
int user_triggers_list(struct ctx *cx, struct mysql_client *c, const struct table_set *set,
    struct trigger_list *out) MUST_USE;
/* As SQL has it: of what information_schema calls a definer. In the arena. */
const char *user_triggers_definer(struct arena *a, struct slice text);
/* ERR_REFUSED, by name, when any table of the set has one. */
int user_triggers_none(struct ctx *cx, struct mysql_client *c, const struct table_set *set) MUST_USE;

#endif
