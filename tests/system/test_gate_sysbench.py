"""sysbench through vtgate: every test of its OLTP family runs without an error."""
import subprocess

import pytest

TESTS = ["oltp_point_select", "oltp_read_only", "oltp_read_write", "oltp_update_index", "oltp_update_non_index",
         "oltp_insert", "oltp_delete", "oltp_write_only"]


def sysbench(combo, test, verb, *extra):
    done = subprocess.run(["sysbench", test, "--db-driver=mysql", "--mysql-host=127.0.0.1",
                           f"--mysql-port={combo.gate_port}", "--mysql-user=app", "--mysql-db=customer",
                           "--mysql-ssl=off", "--tables=2", "--table-size=2000", "--threads=6", *extra, verb],
                          capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "FATAL" not in done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def prepared(shared_combo):
    sysbench(shared_combo, "oltp_read_write", "prepare")
    yield shared_combo
    sysbench(shared_combo, "oltp_read_write", "cleanup")


@pytest.mark.parametrize("prepared_statements", ["auto", "disable"])
@pytest.mark.parametrize("test", TESTS)
def test_runs_without_an_error(prepared, test, prepared_statements):
    said = sysbench(prepared, test, "run", "--events=1500", "--time=60", f"--db-ps-mode={prepared_statements}",
                    "--mysql-ignore-errors=1213" if "read_write" in test or "write_only" in test else "--verbosity=3")
    assert "ignored errors:                      0" in said or "read_write" in test or "write_only" in test, said
    assert "reconnects:                          0" in said, said
