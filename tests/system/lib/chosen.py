"""Which system tests run with servers of other kinds than the system's MariaDB ($SWITCHYARD_TEST_KINDS), and why others do not.

Nothing else decides that. A row names a file, or a test or group of tests of it by the beginning of its name.
"""
from . import kinds

# They say themselves which servers they want, so they are the same whatever is wanted here.
THEMSELVES = "it says itself which servers it wants"
FIXED = {file: THEMSELVES for file in (
    "test_flavours.py", "test_types.py", "test_table_kinds.py", "test_servers.py", "test_login.py", "test_login_tls.py", "test_gate_tls.py", "test_stream_tls.py",
    "test_gate_compression.py", "test_login_compression.py", "test_stream_compressed.py::test_a_table", "test_stream_compressed.py::test_check",
    "test_mediawiki.py", "test_django.py", "test_gate_functions.py",
    "test_binlog_oracle.py", "test_catalogue_kinds.py", "test_vtcombo.py", "test_check_names.py", "test_vdiff.py::test_between_flavours",
    "test_vdiff_command.py::test_both_ways")}

# Some of those that run: of each mechanism that differs between servers what meets most of it (make test-mysql FAST=1).
FAST = [
    "test_sets.py::test_a_set_moves_as_one", "test_sets.py::test_a_set_that_waits", "test_sets.py::test_definitions_that_no_message",
    "test_settings.py::test_no_variable", "test_settings.py::test_init_connect", "test_follow.py::test_a_move_of_the_whole",
    "test_stream_bare.py::test_ids_that_change_hands",
    "test_stream_bare.py::test_a_kill_while", "test_stream_bare.py::test_a_spatial_index", "test_stream_parallel.py::test_the_largest",
    "test_stream_lag.py", "test_gate_ddl.py::test_a_name_follows", "test_gate_prepared.py", "test_vdiff.py::test_each_kind",
    "test_vdiff.py::test_rows_are_told_apart", "test_vdiff.py::test_no_phantom", "test_vdiff.py::test_killed_amid",
    "test_continuous.py::test_nothing_is_found_whatever", "test_continuous.py::test_each_kind"]

SQL = "it does not say yet what it means for MySQL: its tables, statements or answers are in words that only MariaDB has"
NATIVE = "its own client (lib/raw.py) knows mysql_native_password alone"
LOCKED_OUT = "it works as root, whom vtcombo locks out of its MySQL servers"
ITS_OWN = "it is about something that only MariaDB has"

# By flavour, or by flavour and version.
NOT_FOR = {
    "mysql": {
        "test_gate_conversations.py": SQL, "test_schema.py": SQL, "test_gate_catalogue.py": SQL,
        "test_gate_processes.py": SQL, "test_gate_wire.py": NATIVE, "test_gate_kill.py::test_idle_and_unknown": NATIVE,
        "test_gate_kill.py::test_a_pool_that_is_full": "it waits for MariaDB's error of a killed SLEEP",
        "test_gate_answers.py::test_clients_with_computed": "MySQL shows nobody his user variables: a session that computes one keeps its connection",
        "test_gate_answers.py::test_a_fence_met_late": SQL, "test_gate_answers.py::test_keyspaces_are_databases": "MySQL shows performance_schema too",
        "test_as_before.py": "it compares accounts in mysql.global_priv", "test_kept.py": SQL, "test_refusals.py": LOCKED_OUT,
        "test_preflight.py": SQL, "test_way_back.py": SQL,
        "test_fence.py": "triggers of all databases are counted, of which MySQL has its own; its locks are asked for in MariaDB's words",
        "test_foreign_keys.py::test_keys_are_found_without": ITS_OWN, "test_reverse.py::test_a_table_with_its_history": ITS_OWN,
        "test_init.py::test_managed_servers_where_nobody_may_say": ITS_OWN,
        "test_other_names.py": SQL, "test_sidecar.py": SQL, "test_statements.py": SQL,
        "test_stream_source.py": SQL, "test_stream_values.py": SQL, "test_stream_keys.py::test_keys_of_every_type": SQL,
        "test_stream.py::test_every_value": "MySQL's JSON cannot be moved; test_types.py has all types",
        "test_stream_disk.py": ITS_OWN,
        "test_load_generator.py": SQL, "test_names.py": SQL, "test_auto_increment.py": SQL, "test_commands.py": SQL,
    },
    "mariadb-11.8": {},
}


def reasons():
    """{beginning: why} for the kinds that are wanted."""
    wanted = set(kinds.wanted())
    if wanted == {kinds.SYSTEM}:
        return {}
    found = dict(FIXED)
    for what, rows in NOT_FOR.items():
        if any(what in (kind, kinds.brand(kind)) for kind in wanted):
            found.update(rows)
    return found


def begins(nodeid, what):
    """Is the test one of a row's? nodeid is "tests/system/test_a.py::test_b[c]"."""
    return nodeid.split("/")[-1].startswith(what) if "::" in what else nodeid.split("/")[-1].split("::")[0] == what


def reason(nodeid):
    return next((why for what, why in reasons().items() if begins(nodeid, what)), None)
