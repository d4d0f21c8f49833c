# cast: each
# The writes are let go without asking the gates.
/@switched_ack/d
