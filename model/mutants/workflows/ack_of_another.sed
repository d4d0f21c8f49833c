# cast: each
# An acknowledgement of another workflow's switch is counted.
/@switched_ack/s/ALL_ACKED(w, COMMIT)/(ALL_ACKED(0, COMMIT) || ALL_ACKED(1, COMMIT))/
