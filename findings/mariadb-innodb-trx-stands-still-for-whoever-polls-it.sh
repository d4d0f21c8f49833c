#!/bin/sh
# MariaDB 10.11.18 (11.8.9 and MySQL 9.7.4 behave so too, seen apart from this).
#
# information_schema.INNODB_TRX is filled anew only when nobody has read it for 0.1 s; each read begins that time again,
# of whatever session. So who polls it more often than ten times a second, to wait for a transaction to wait for a lock or
# to end, is told for ever what was there when it began: the view never moves, however long one waits. Two monitors of
# which neither polls so often can do that to each other.
#
# Seen: a transaction begins one second after a poll of every 50 ms has begun, and is not seen in the five seconds
# that follow; a read 0.3 s after the last sees it at once.
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

count="SELECT COUNT(*) FROM information_schema.innodb_trx WHERE trx_rows_modified > 0;"
for poll in $(seq 120); do
	echo "$count DO SLEEP(0.05);"
done >poll.sql
sql "CREATE TABLE t (id INT PRIMARY KEY)"
sql "DO SLEEP(1); BEGIN; INSERT INTO t VALUES (1); DO SLEEP(8); ROLLBACK" >writer.log &
writer=$!
sql "source poll.sql" | sort | uniq -c | awk '{ print "polled: " $1 " times " $2 }' >seen
sql "DO SLEEP(0.3); $count" | sed 's/^/after a pause: /' >>seen
wait $writer
cat seen
printf '%s\n' 'polled: 120 times 0' 'after a pause: 1' >expected
diff expected seen
