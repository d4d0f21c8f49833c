#!/bin/sh
# MariaDB 10.11.18 and 10.11.19 (11.8.9 behaves as the latter, seen apart from this).
#
# A table whose last stored column takes no byte, CHAR(0) or BINARY(0), behind a VIRTUAL generated column: 10.11.18
# makes it and reads it. 10.11.19 refuses to make it with error 1033, "Incorrect information in file", as of a damaged
# file, and so it does to open the one that 10.11.18 has made in the same data directory: an update of the third number
# takes a table away until the server of before is back. With the same columns in the other order, with STORED, with
# VARCHAR(0), or with one more column behind them all is well in both.
#
# Seen: what is printed at the end, "made" and "read" by version.
#
# Usage: findings/NAME.sh     Debian 12 with apt; status 0: it still behaves that way.
set -eu
unset CDPATH
where=$(mktemp -d)
server=
trap '[ -z "$server" ] || { kill $server; wait $server || true; }; rm -rf "$where"' EXIT
cd "$where"
chmod 755 .

get()
{
	mkdir "$1" && cd "$1"
	version=1:$1-0+deb12u1
	apt-get -qq -o APT::Sandbox::User=root download mariadb-server-core=$version mariadb-client-core=$version \
		libmariadb3=$version liburing2
	for package in *.deb; do
		dpkg -x "$package" .
	done
	cd ..
}
start()
{
	LD_LIBRARY_PATH=$where/$1/usr/lib/x86_64-linux-gnu
	export LD_LIBRARY_PATH
	[ -d data ] || "$1/usr/bin/mariadb-install-db" --no-defaults --basedir="$where/$1/usr" --datadir="$where/data" \
		--auth-root-authentication-method=normal --user="$(id -un)" >install.log 2>&1 || { cat install.log; exit 2; }
	"$1/usr/sbin/mariadbd" --no-defaults --basedir="$where/$1/usr" --datadir="$where/data" --socket="$where/socket" \
		--skip-networking --user="$(id -un)" >"$1.log" 2>&1 &
	server=$!
	for try in $(seq 300); do
		[ -S socket ] && break
		sleep 0.1
	done
}
stop()
{
	kill $server
	wait $server || true
	server=
}
sql()
{
	"$version/usr/bin/mariadb" --no-defaults --socket=socket -uroot -N test -e "$1" 2>&1
}
# what, a name, columns or none: what the server said of it
try()
{
	case $1 in
	made) said=$(sql "CREATE OR REPLACE TABLE $2 ($3)") || true ;;
	read) said=$(sql "SELECT COUNT(*) FROM $2") || true ;;
	esac
	case $said in
	'' | 0) echo "$version $1 $2" ;;
	*1033*) echo "$version 1033 $2" ;;
	*) echo "$version $2: $said" ;;
	esac
}

get 10.11.18
get 10.11.19
virtual='v INT GENERATED ALWAYS AS (a * 3) VIRTUAL'
for version in 10.11.18 10.11.19; do
	start $version
	[ $version = 10.11.18 ] || try read char_last_of_old
	[ $version = 10.11.19 ] || try made char_last_of_old "a INT, $virtual, c CHAR(0)"
	try made char_last "a INT, $virtual, c CHAR(0)"
	try made binary_last "a INT, $virtual, c BINARY(0)"
	try made char_first "a INT, c CHAR(0), $virtual"
	try made varchar_last "a INT, $virtual, c VARCHAR(0)"
	try made one_more "a INT, $virtual, c CHAR(0), d INT"
	try made stored "a INT, v INT GENERATED ALWAYS AS (a * 3) STORED, c CHAR(0)"
	stop
done >seen
cat seen
cat >expected <<'END'
10.11.18 made char_last_of_old
10.11.18 made char_last
10.11.18 made binary_last
10.11.18 made char_first
10.11.18 made varchar_last
10.11.18 made one_more
10.11.18 made stored
10.11.19 1033 char_last_of_old
10.11.19 1033 char_last
10.11.19 1033 binary_last
10.11.19 made char_first
10.11.19 made varchar_last
10.11.19 made one_more
10.11.19 made stored
END
diff expected seen
