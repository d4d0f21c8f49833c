"""Data directories of servers, ready to be copied. Standard library only.

mariadb-install-db takes as long as a short test: it runs once, and each server
begins with a copy of what it made.
"""
import fcntl
import os
import pwd
import shutil
import subprocess


MEMORY = "/dev/shm"
# Six tests at once have a few hundred MB each.
MEMORY_ENOUGH = 8 << 30


def base():
    """Where tests make their folders: $SWITCHYARD_TEST_BASE, or in memory where there is room. A test copies, writes and
    removes some hundred files for each of its servers, which costs a disk more than what is tested."""
    if os.environ.get("SWITCHYARD_TEST_BASE"):
        return os.environ["SWITCHYARD_TEST_BASE"]
    try:
        room = os.statvfs(MEMORY)
    except OSError:
        return "/tmp"
    return MEMORY if room.f_bavail * room.f_frsize >= MEMORY_ENOUGH else "/tmp"


def server_user():
    """mariadbd refuses to run as root: the account it changes to, or None when we are not root."""
    if os.geteuid() != 0:
        return None
    pwd.getpwnam("mysql")
    return "mysql"


def give_to_server(*paths):
    """The paths themselves, without what is in them."""
    if server_user():
        account = pwd.getpwnam(server_user())
        for path in paths:
            os.chown(path, account.pw_uid, account.pw_gid)


def copy(template, where):
    """With its owners; the log, which is nearly empty, takes no more room than what is in it."""
    subprocess.run(["cp", "--archive", "--sparse=always", template, where], check=True)


def install(where, auth, program="mariadb-install-db", user=None):
    """By the system's MariaDB, or the program of another, which runs as that user."""
    user = user or server_user()
    os.mkdir(where + ".tmp")
    give_to_server(where + ".tmp")
    # The size of our servers' log: else each of them would begin by making it anew.
    command = [program, "--no-defaults", f"--datadir={where}", f"--tmpdir={where}.tmp",
               f"--auth-root-authentication-method={auth}", "--skip-test-db", "--innodb-log-file-size=256M"]
    if user:
        command.append("--user=" + user)
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def template(folder, name, make=None):
    """One for all who share the folder; whoever asks first makes it, by make(where). Without that it is the
    system's MariaDB's, and the name is how root is let in, "normal" or "socket"."""
    where = os.path.join(folder, name)
    with open(where + ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.exists(where):
            if make is None:
                install(where + ".made", name)
            else:
                make(where + ".made")
            copy(where + ".made", where + ".new")
            shutil.rmtree(where + ".made")
            os.rename(where + ".new", where)
    return where
