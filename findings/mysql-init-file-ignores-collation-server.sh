#!/bin/sh
# MySQL 9.7.4 (Debian's 9.7.4-2).
#
# A database that the file of --init-file makes does not have the collation of --collation-server: the file's session has
# the one that was compiled in, for collation_server as for what CREATE DATABASE takes when it says nothing. A client's
# session of the same server has the option's. Whoever sets up databases so gets tables with another collation than
# the server is set to, without a word.
#
# Seen, with --collation-server=utf8mb4_general_ci: utf8mb4_0900_ai_ci in the file, utf8mb4_general_ci from a client.
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


cat >init.sql <<-END
	CREATE DATABASE by_file;
	CREATE TABLE by_file.t AS SELECT @@collation_server AS seen;
END
start --character-set-server=utf8mb4 --collation-server=utf8mb4_general_ci --init-file="$where/init.sql"
sql "CREATE DATABASE by_client"
of()
{
	sql "SELECT default_collation_name FROM information_schema.schemata WHERE schema_name = '$1'"
}
printf 'by the file: %s, where collation_server was %s\nby a client: %s\n' "$(of by_file)" "$(sql 'SELECT seen FROM by_file.t')" \
	"$(of by_client)"
[ "$(of by_file)" = utf8mb4_0900_ai_ci ]
[ "$(of by_client)" = utf8mb4_general_ci ]
