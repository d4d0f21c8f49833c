#!/bin/sh
# MariaDB 10.11.18.
#
# A column made under mysql56_temporal_format=0 (or by a server older than 10.1.2) is shown by SHOW CREATE TABLE as
# "time /* mariadb-5.3 */". That looks like a version comment, and is a plain one: executed again, by a dump's
# restore or a tool that copies a table, it makes a column of the other format, without a warning, and the
# two tables then differ in what they write to the binary log (type 11 or 12 instead of 19 or 18), in the size
# of a row, and in EXCHANGE PARTITION, which refuses them as different.
#
# Seen: the copy's text lacks the comment; its text and the original's differ; EXCHANGE PARTITION: error 1736.
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

sql "SET GLOBAL mysql56_temporal_format = 0"
sql "CREATE TABLE old (id INT NOT NULL, t TIME) ENGINE=InnoDB"
sql "SET GLOBAL mysql56_temporal_format = 1"
text=$(sql "SHOW CREATE TABLE old" | cut -f2-)
sql "$(printf '%s\n' "$text" | sed 's/`old`/`copy`/'); SHOW WARNINGS"
sql "CREATE TABLE parts LIKE copy; ALTER TABLE parts PARTITION BY RANGE (id) (PARTITION p VALUES LESS THAN (9))"

{
	sql "SHOW CREATE TABLE old" | grep -c 'mariadb-5.3' || true
	sql "SHOW CREATE TABLE copy" | grep -c 'mariadb-5.3' || true
	sql "ALTER TABLE parts EXCHANGE PARTITION p WITH TABLE old" | grep -o '^ERROR [0-9]*' || true
} | tee seen
printf '%s\n' 1 0 'ERROR 1736' >expected
diff expected seen
