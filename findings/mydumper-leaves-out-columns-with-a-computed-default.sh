#!/bin/sh
# mydumper 0.10.1 (Debian's 0.10.1-1+deb12u2) and MySQL 9.7.4 (Debian's 9.7.4-2).
#
# MySQL says DEFAULT_GENERATED of a column whose default is an expression, CURRENT_TIMESTAMP too. mydumper takes such a column
# for a generated one, and its rows are dumped without it: no warning, status 0. Where they are loaded the column gets its
# default, so that all rows of a "created_at" have the time of the restore. MariaDB does not say the word, and
# the same table is dumped whole there.
#
# Seen, of a table (id, made TIMESTAMP DEFAULT CURRENT_TIMESTAMP) with the row (1, 2001-02-03 04:05:06):
#   INSERT INTO `t` (`id`) VALUES
#   (1);
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
sql "CREATE DATABASE d; CREATE TABLE d.t (id INT PRIMARY KEY, made TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP);
	INSERT INTO d.t VALUES (1, '2001-02-03 04:05:06')"
apt-get download -q mydumper=0.10.1-1+deb12u2 >apt/log 2>&1 || { cat apt/log; exit 2; }
dpkg -x mydumper_*.deb old
old/usr/bin/mydumper --socket="$where/socket" --user=root --database=d --outputdir="$where/dump"
rows=$(sed -n '/INSERT/,$p' dump/d.t.sql)
echo "$rows"
case $rows in *"(\`id\`) VALUES"*) ;; *) exit 1 ;; esac
case $rows in *2001*) exit 1 ;; esac
