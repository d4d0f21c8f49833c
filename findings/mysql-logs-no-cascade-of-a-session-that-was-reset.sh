#!/bin/sh
# MySQL 9.7.4 (Debian's 9.7.4-2).
#
# Since 9.6 MySQL carries out ON DELETE CASCADE itself (innodb_native_foreign_keys=OFF, the default), and its binlog has
# each row that a foreign key has deleted, with a flag on the events. But in a session that was reset
# (COM_RESET_CONNECTION, as connection pools do before each use) InnoDB carries it out, as before 9.6: the same
# statement, the same settings, the same rows are gone, and the binlog has the parent's alone. Nothing that a client can read
# tells the two sessions apart. So whoever takes rows from the binlog (change capture, a copy) and trusts in 9.6's
# cascades misses those of all applications with a pool.
#
# Seen: the rows that the binlog has, of a DELETE of one parent with one child, before and after a reset.
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

start --log-bin=binlog --server-id=1
sql "CREATE DATABASE d; CREATE TABLE d.p (id INT PRIMARY KEY);
	CREATE TABLE d.c (id INT PRIMARY KEY, p INT, FOREIGN KEY (p) REFERENCES d.p (id) ON DELETE CASCADE);
	INSERT INTO d.p VALUES (1), (2); INSERT INTO d.c VALUES (1, 1), (2, 2); FLUSH BINARY LOGS"
run all/usr/bin/mysql --commands --socket=socket -uroot -N -r >settings <<'END'
SELECT @@innodb_native_foreign_keys, @@foreign_key_checks, @@binlog_format;
DELETE FROM d.p WHERE id = 1;
FLUSH BINARY LOGS;
\x
SELECT @@innodb_native_foreign_keys, @@foreign_key_checks, @@binlog_format;
DELETE FROM d.p WHERE id = 2;
END
cat settings
for file in 2 3; do
	run all/usr/bin/mysqlbinlog --base64-output=decode-rows -v data/binlog.00000$file | sed -n "s/^### DELETE FROM /file $file: /p"
done >seen
cat seen
sql "SELECT COUNT(*) AS children FROM d.c"

[ "$(sort -u settings | wc -l)" = 1 ]
[ "$(sql 'SELECT COUNT(*) FROM d.c')" = 0 ]
printf '%s\n' 'file 2: `d`.`c`' 'file 2: `d`.`p`' 'file 3: `d`.`p`' >expected
diff expected seen
