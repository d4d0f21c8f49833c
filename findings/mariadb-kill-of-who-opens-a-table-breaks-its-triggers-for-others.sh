#!/bin/sh
# MariaDB 10.11.18 (11.8.9 behaves so too; MySQL 9.7.4 does not; seen apart from this).
#
# A KILL QUERY that meets a session while it opens a table with triggers does not end there. The server is reading the
# triggers' text then, and takes the kill for the end of that text; it keeps the table open as it has read it, and gives it
# to the next sessions. Any INSERT, UPDATE or DELETE of theirs fails with 1064, "Trigger ... has an error in its body", until
# the table is closed (FLUSH TABLES, DDL, or one that leaves the cache of open tables). The killed session itself was only reading. So a tool
# that kills what takes long, or a client that gives up, makes clients fail that have nothing to do with it.
#
# Seen: one session flushes and reads the table in turn, another one kills its statements, a third one inserts. Without the kills
# no INSERT fails.
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

sql "CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, v INT)"
{
	echo "DELIMITER //"
	echo "CREATE TRIGGER long_one BEFORE INSERT ON t FOR EACH ROW BEGIN"
	yes "SET NEW.v = 1;" | head -n 3000        # milliseconds of reading
	echo "END//"
} >trigger.sql
sql "source trigger.sql"

# many COUNT STATEMENTS: that often, each in a line
many()
{
	yes "$2" | head -n "$1"
}

# inserts KILLS: what INSERTs are told while another session reads the table and is killed that often
inserts()
{
	{ echo "SELECT CONNECTION_ID();"; many 100 "FLUSH TABLES t; SELECT 1 FROM t LIMIT 0; DO SLEEP(0.05);"; } >reads.sql
	usr/bin/mariadb --no-defaults --socket=socket -uroot -N -r -f --unbuffered test <reads.sql >reader.log 2>&1 &
	reader=$!
	id=
	while [ -z "$id" ]; do
		id=$(head -n 1 reader.log)
	done
	many "$1" "KILL QUERY $id; DO SLEEP(0.03);" >kills.sql
	usr/bin/mariadb --no-defaults --socket=socket -uroot -f test <kills.sql >killer.log 2>&1 &
	killer=$!
	many 400 "INSERT INTO t (v) VALUES (0); DO SLEEP(0.005);" >inserts.sql
	usr/bin/mariadb --no-defaults --socket=socket -uroot -f test <inserts.sql 2>&1 |
		sed -n "s/^ERROR \([0-9]*\) .*has an error in its body.*/\1 has an error in its body/p; t; s/^ERROR.*/another error/p" | sort -u
	wait $reader $killer || true
}

{
	echo "without kills: $(inserts 0)"
	echo "with kills: $(inserts 150)"
} | tee seen
printf '%s\n' 'without kills: ' 'with kills: 1064 has an error in its body' >expected
diff expected seen
