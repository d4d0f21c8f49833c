#!/bin/sh
# MariaDB 10.11.18.
#
# With binlog_format=ROW, what a foreign key's ON DELETE CASCADE does to a child is not logged. That much is documented.
# But the transaction does have a Table_map event of the child, beside the parent's: whoever takes a map for the sign
# that a table has changed, or waits for the rows that a map announces, sees a change of the child without a row,
# and not which of its rows went.
#
# Seen, in the transaction of one DELETE at the parent: two maps, one event with rows, and that of the parent's map;
# the child is empty.
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
	--log-bin=binlog --binlog-format=ROW --server-id=1 \
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

sql "CREATE TABLE parent (id INT PRIMARY KEY) ENGINE=InnoDB"
sql "CREATE TABLE child (id INT PRIMARY KEY, p INT, FOREIGN KEY (p) REFERENCES parent (id) ON DELETE CASCADE) ENGINE=InnoDB"
sql "INSERT INTO parent VALUES (1); INSERT INTO child VALUES (1, 1), (2, 1); FLUSH BINARY LOGS"
sql "DELETE FROM parent WHERE id = 1"
sql "SHOW BINLOG EVENTS IN 'binlog.000002'" >events

{
	grep -o 'test\.[a-z]*' events | sort -u
	grep -c 'Delete_rows' events
	map=$(sed -n 's/.*table_id: \([0-9]*\) (test.parent).*/\1/p' events | head -n 1)
	grep 'Delete_rows' events | grep -c "table_id: $map " || true
	sql "SELECT COUNT(*) FROM child"
} | tee seen
printf '%s\n' test.child test.parent 1 1 0 >expected
diff expected seen
