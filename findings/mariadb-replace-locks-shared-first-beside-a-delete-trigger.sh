#!/bin/sh
# MariaDB 10.11.18.
#
# A REPLACE that finds a row with its key locks that row for itself (X) at once. As soon as the table has a trigger for
# DELETE, whatever the trigger does, the same REPLACE asks for a shared lock (S) first, and for X when it deletes the
# row. Two sessions that REPLACE one row can then hold S together and wait for each other: deadlocks (error 1213) between
# statements, each alone in its transaction, which never met one before. Triggers for INSERT and UPDATE change nothing.
# So an audit trigger, or a tool that puts triggers on a table for the time of its work, makes clients that REPLACE hot
# keys (caches, session stores) victims. INSERT ... ON DUPLICATE KEY UPDATE is not concerned.
#
# Seen: the lock that a REPLACE waits for while another session has the row, with the triggers that the table has.
# With the third kind 4 threads met 243 deadlocks in 1,600 statements (MySQL 9.7, the same: 629), with the others none.
#
# Usage: findings/NAME.sh     Debian 12 with apt; status 0: it still behaves that way.
set -eu
unset CDPATH
where=$(mktemp -d)
server=
trap '[ -z "$server" ] || { kill $server; wait $server || true; }; rm -rf "$where"' EXIT
cd "$where"
chmod 755 .

version=1:10.11.18-0+deb12u1
apt-get -qq -o APT::Sandbox::User=root download mariadb-server-core=$version mariadb-client-core=$version \
	libmariadb3=$version liburing2
for package in *.deb; do
	dpkg -x "$package" .
done
LD_LIBRARY_PATH=$where/usr/lib/x86_64-linux-gnu
export LD_LIBRARY_PATH

usr/bin/mariadb-install-db --no-defaults --basedir="$where/usr" --datadir="$where/data" \
	--auth-root-authentication-method=normal --user="$(id -un)" >install.log 2>&1 || { cat install.log; exit 2; }
usr/sbin/mariadbd --no-defaults --basedir="$where/usr" --datadir="$where/data" --socket="$where/socket" \
	--skip-networking --user="$(id -un)" >server.log 2>&1 &
server=$!
for try in $(seq 300); do
	[ -S socket ] && break
	sleep 0.1
done
sql()
{
	usr/bin/mariadb --no-defaults --socket=socket -uroot -N -r test -e "$1" 2>&1
}

# waited_for WORDS: the mode of the lock that a REPLACE waits for
waited_for()
{
	sql "BEGIN; UPDATE t SET v = 1 WHERE id = 1; DO SLEEP(4); ROLLBACK" >holder.log &
	holder=$!
	sleep 1
	sql "REPLACE INTO t VALUES (1, 2)" >waiter.log &
	waiter=$!
	sleep 1
	mode=$(sql "SELECT lock_mode FROM information_schema.innodb_locks JOIN information_schema.innodb_lock_waits
		ON requested_lock_id = lock_id")
	wait $holder $waiter
	echo "$1: $mode"
}

sql "CREATE TABLE t (id INT PRIMARY KEY, v INT); INSERT INTO t VALUES (1, 0)"
{
	waited_for "no trigger"
	sql "CREATE TRIGGER i BEFORE INSERT ON t FOR EACH ROW SET @a = 1; CREATE TRIGGER u BEFORE UPDATE ON t FOR EACH ROW SET @a = 1"
	waited_for "INSERT, UPDATE"
	sql "CREATE TRIGGER d BEFORE DELETE ON t FOR EACH ROW SET @a = 1"
	waited_for "INSERT, UPDATE, DELETE"
} | tee seen
printf '%s\n' 'no trigger: X' 'INSERT, UPDATE: X' 'INSERT, UPDATE, DELETE: S' >expected
diff expected seen
