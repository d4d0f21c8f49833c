"""sysbench through vtgate: every test of its OLTP family runs without an error."""
import subprocess

import pytest

# Events of each: some 1,500 to 6,000 statements.
TESTS = {"oltp_point_select": 1500, "oltp_read_only": 300, "oltp_read_write": 300, "oltp_update_index": 1500,
         "oltp_update_non_index": 1500, "oltp_insert": 1500, "oltp_delete": 1500, "oltp_write_only": 500}


def sysbench(combo, test, verb, *extra):
    done = subprocess.run(["sysbench", test, "--db-driver=mysql", "--mysql-host=127.0.0.1",
                           f"--mysql-port={combo.gate_port}", "--mysql-user=app", "--mysql-db=customer",
                           "--mysql-ssl=off", "--tables=2", "--table-size=2000", "--threads=6", *extra, verb],
                          capture_output=True, text=True, timeout=700, stdin=subprocess.DEVNULL)
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
    said = sysbench(prepared, test, "run", f"--events={TESTS[test]}", "--time=600", f"--db-ps-mode={prepared_statements}",
                    "--mysql-ignore-errors=1213" if "read_write" in test or "write_only" in test else "--verbosity=3")
    assert "ignored errors:                      0" in said or "read_write" in test or "write_only" in test, said
    assert "reconnects:                          0" in said, said
