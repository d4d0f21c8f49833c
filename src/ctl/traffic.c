#include "ctl/traffic.h"

#include "ctl/cutover.h"

const char traffic_switched[] = "All Reads Switched. Writes Switched";

bool
traffic_at_target(const struct workflow_record *r)
{
	bool target = r->direction == DIRECTION_REVERSE;

	if (workflow_switched(r))
		return true;
	return r->state == WORKFLOW_SWITCHING && cutover_committed(r) ? !target : target;
}

const char *
traffic_state(const struct workflow_record *r)
{
	if (r->state == WORKFLOW_CANCELLED || workflow_unmade(r))
		return "Not Created";
	return traffic_at_target(r) ? traffic_switched : "Reads Not Switched. Writes Not Switched";
}
