#include "tablet/write/freeze.h"

#include "base/mutant.h"

void
freeze_done(struct freeze *f)
{
	gtids_done(&f->at);
	gtids_done(&f->last_change);
}

int
freeze_note_change(struct freeze *f, const struct position *end, struct err *err)
{
	return gtids_parse(&f->last_change, slice_str(position_gtid(end)), err);
}

int
freeze_reached(const struct freeze *f, const struct position *p, bool *reached, struct err *err)
{
	SCOPED(gtids) struct gtids at = { 0 };

	*reached = false;
	if (!f->wanted)
		return 0;
	TRY(gtids_parse(&at, slice_str(position_gtid(p)), err));
	*reached = gtids_cover(&at, &f->at);
	return 0;
}

int
freeze_check(const struct freeze *f, struct err *err)
{
	if (gtids_cover(&f->at, &f->last_change) || mutant("tablet_freeze_beyond"))
		return 0;
	return err_set(err, ERR_CONFLICT, "a change was applied beyond the position to freeze at");
}

int
freeze_want(struct freeze *f, const char *gtid, int attempt, const struct position *applied,
    struct err *err)
{
	SCOPED(gtids) struct gtids now = { 0 };

	TRY(gtids_parse(&f->at, slice_str(gtid), err));
	TRY(gtids_parse(&now, slice_str(position_gtid(applied)), err));
	if (gtids_cover(&now, &f->at))
		TRY(freeze_check(f, err));
	f->wanted = true;
	f->attempt = attempt;
	return 0;
}
