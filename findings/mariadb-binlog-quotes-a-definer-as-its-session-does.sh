#!/bin/sh
# MariaDB 10.11.18.
#
# A CREATE TRIGGER is written to the binlog with a DEFINER that the server puts in, whatever the client typed. It puts
# its names into the quotes of the session's sql_mode: `root`@`localhost`, and with ANSI_QUOTES "root"@"localhost",
# while the rest of the text stays as it was typed, in backquotes if the client liked those. So one statement has
# names in two kinds of quotes, and whoever looks for CREATE DEFINER=`...` in binlogs to find triggers (a filter,
# a tool that follows DDL) passes over those of sessions that have another sql_mode.
#
# Seen, of the same statement in two sessions: the heads below.
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

sql "CREATE TABLE t (id INT PRIMARY KEY); FLUSH BINARY LOGS"
sql 'CREATE TRIGGER `one` BEFORE INSERT ON `t` FOR EACH ROW SET @a = 1'
sql "SET sql_mode = 'ANSI_QUOTES';"' CREATE TRIGGER `two` BEFORE INSERT ON `t` FOR EACH ROW SET @a = 2'
sql "SHOW BINLOG EVENTS IN 'binlog.000002'" >events

grep -o 'CREATE DEFINER=.*ON `t`' events | tee seen
printf '%s\n' 'CREATE DEFINER=`root`@`localhost` TRIGGER `one` BEFORE INSERT ON `t`' \
	'CREATE DEFINER="root"@"localhost" TRIGGER `two` BEFORE INSERT ON `t`' >expected
diff expected seen
