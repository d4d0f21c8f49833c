#!/bin/sh
# MySQL 9.7.4 (Debian's 9.7.4-2).
#
# Since 9.6 MySQL carries out the actions of foreign keys itself, and its binlog has each row that they change. Where a row
# refers to itself by ON DELETE SET NULL, its deletion first sets its own column to NULL, which is logged, and then deletes it: and
# that DELETE has, as the row's image, the values of before the statement. So the images of one row do not join, in one transaction and
# with binlog_row_image=FULL: what an UPDATE leaves is not what the next event of the row begins with. Whoever finds rows by their
# whole image, or keeps the state of each row and compares, does not find this one. Where the circle has two tables (a thread, whose last
# post is its own) the row is not set to NULL in the binlog. Servers that leave this to InnoDB log the DELETE alone.
#
# Seen: the events of DELETE of a row that refers to itself, and of a thread with its last post.
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
sql "CREATE DATABASE d; CREATE TABLE d.own (id INT PRIMARY KEY, up INT, FOREIGN KEY (up) REFERENCES d.own (id) ON DELETE SET NULL);
	CREATE TABLE d.thread (id INT PRIMARY KEY, last INT);
	CREATE TABLE d.post (id INT PRIMARY KEY, thread INT, FOREIGN KEY (thread) REFERENCES d.thread (id) ON DELETE CASCADE);
	ALTER TABLE d.thread ADD FOREIGN KEY (last) REFERENCES d.post (id) ON DELETE SET NULL;
	INSERT INTO d.own VALUES (1, 1); INSERT INTO d.thread VALUES (1, NULL); INSERT INTO d.post VALUES (7, 1); UPDATE d.thread SET last = 7;
	FLUSH BINARY LOGS; DELETE FROM d.own WHERE id = 1; DELETE FROM d.thread WHERE id = 1"
run all/usr/bin/mysqlbinlog --base64-output=decode-rows -v data/binlog.000002 | sed -n 's/^### *//p' | tr '\n' ' ' |
	sed 's/ \(UPDATE\|DELETE\)/\n\1/g; s/ $/\n/' >seen
cat seen

cat >expected <<'END'
UPDATE `d`.`own` WHERE @1=1 @2=1 SET @1=1 @2=NULL
DELETE FROM `d`.`own` WHERE @1=1 @2=1
DELETE FROM `d`.`post` WHERE @1=7 @2=1
DELETE FROM `d`.`thread` WHERE @1=1 @2=7
END
diff expected seen
