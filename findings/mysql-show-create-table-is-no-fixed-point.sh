#!/bin/sh
# MySQL 9.7.4 (Debian's 9.7.4-2).
#
# SHOW CREATE TABLE is no fixed point. A column that has its table's collation without having said so is printed with
# COLLATE alone; the table that is made by that very text is the same to the catalogue, and is printed with CHARACTER SET
# and COLLATE. So whoever copies a table by its text and compares the texts afterwards finds a difference where there is
# none; made once more, by the second text, the third is as the second.
#
# Seen:
#   first   `v` varchar(20) COLLATE utf8mb4_general_ci DEFAULT NULL
#   second  `v` varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci DEFAULT NULL
#
# Usage: findings/NAME.sh     Debian 12 with apt; status 0: it still behaves that way.
set -eu
unset CDPATH
where=$(mktemp -d)
server=
trap '[ -z "$server" ] || { kill $server; wait $server || true; }; rm -rf "$where"' EXIT
cd "$where"
chmod 755 .

# The packages of a newer Debian, from where this one comes from, with all that they need; nothing is installed.
mirror=$(apt-get indextargets --format '$(REPO_URI) $(CODENAME)' | awk '$2 == "bookworm" { print $1; exit }')
mkdir -p apt/etc/apt.conf.d apt/etc/preferences.d apt/lists/partial apt/archives/partial
: >apt/status
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror sid main" >apt/etc/sources.list
grep -rhi 'acquire::.*proxy' /etc/apt/apt.conf /etc/apt/apt.conf.d >apt/etc/apt.conf.d/host 2>apt/none || true
cat >apt/conf <<-END
	Dir "$where/apt"; Dir::Etc "$where/apt/etc"; Dir::State "$where/apt"; Dir::State::status "$where/apt/status";
	Dir::Cache "$where/apt"; Dir::Log "$where/apt"; APT::Sandbox::User "root"; APT::Install-Recommends "false";
	Acquire::Languages "none"; Acquire::Check-Valid-Until "false";
END
export APT_CONFIG="$where/apt/conf"
apt-get -q update >apt/log 2>&1 || { cat apt/log; exit 2; }
apt-get -qy --download-only install mysql-server-core=9.7.4-2 mysql-client=9.7.4-2 >apt/log 2>&1 || { cat apt/log; exit 2; }
unset APT_CONFIG
for package in apt/archives/*.deb; do
	dpkg -x "$package" all
done
libraries=$(dirname "$(echo all/usr/lib/*/libc.so.6)")
# In this process: of a server in the background that is the one to kill.
become()
{
	program=$1
	shift
	exec "$(echo all/usr/lib*/ld-linux*.so.*)" --library-path "$libraries:$libraries/../mysql/private" "$program" --no-defaults "$@"
}
run()
{
	(become "$@")
}
start()
{
	run all/usr/sbin/mysqld --initialize-insecure --datadir="$where/data" --basedir="$where/all/usr" \
		--lc-messages-dir="$where/all/usr/share/mysql" --user="$(id -un)" >install.log 2>&1 || { cat install.log; exit 2; }
	become all/usr/sbin/mysqld --datadir="$where/data" --basedir="$where/all/usr" --socket="$where/socket" --mysqlx=0 --secure-file-priv= \
		--lc-messages-dir="$where/all/usr/share/mysql" --skip-networking --user="$(id -un)" "$@" >server.log 2>&1 &
	server=$!
	for try in $(seq 300); do
		[ -S socket ] && return
		sleep 0.1
	done
	cat server.log
	exit 2
}
sql()
{
	run all/usr/bin/mysql --socket=socket -uroot -N -r -e "$1" 2>&1
}


start
sql "CREATE DATABASE d; CREATE TABLE d.t (id INT PRIMARY KEY, v VARCHAR(20)) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci"
column()
{
	sql "SHOW CREATE TABLE d.t" | grep '`v`'
}
again()
{
	made=$(sql "SHOW CREATE TABLE d.t" | cut -f2-)
	sql "DROP TABLE d.t; USE d; $made"
}
catalogue()
{
	sql "SELECT column_type, character_set_name, collation_name, column_default FROM information_schema.columns
		WHERE table_schema = 'd' ORDER BY ordinal_position"
}

first=$(column) known=$(catalogue)
again
second=$(column)
[ "$(catalogue)" = "$known" ]
again
third=$(column)
printf 'first  %s\nsecond %s\nthird  %s\n' "$first" "$second" "$third"
case $first in *"varchar(20) COLLATE utf8mb4_general_ci"*) ;; *) exit 1 ;; esac
case $second in *"varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci"*) ;; *) exit 1 ;; esac
[ "$second" = "$third" ]
