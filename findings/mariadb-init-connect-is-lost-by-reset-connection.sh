#!/bin/sh
# MariaDB 10.11.18, mysql-connector-python 8.0.33.
#
# init_connect runs when a client connects and never again: COM_RESET_CONNECTION and COM_CHANGE_USER both put the
# session back to the server's global values without it. So a pool that cleans its connections between two
# borrowers hands out sessions that differ from those of a new connection: whatever an administrator
# has put into init_connect (time zone, sql_mode, autocommit, character set) holds for the first borrower only.
#
# Seen: connect: +03:00 and the sql_mode set there; reset, change user: SYSTEM and the global sql_mode.
#
# Usage: findings/NAME.sh     Debian 12 with apt, python3.11 and pip; status 0: it still behaves that way.
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
python3 -m pip install --quiet --root-user-action=ignore --no-deps --target python \
	mysql-connector-python==8.0.33 protobuf==3.20.3
LD_LIBRARY_PATH=$where/usr/lib/x86_64-linux-gnu
export LD_LIBRARY_PATH

usr/bin/mariadb-install-db --no-defaults --basedir="$where/usr" --datadir="$where/data" \
	--auth-root-authentication-method=normal --user="$(id -un)" >install.log 2>&1 || { cat install.log; exit 2; }
usr/sbin/mariadbd --no-defaults --basedir="$where/usr" --datadir="$where/data" --socket="$where/socket" \
	--skip-networking --user="$(id -un)" \
	--init-connect="SET SESSION time_zone = '+03:00', sql_mode = 'STRICT_ALL_TABLES'" >server.log 2>&1 &
server=$!
for try in $(seq 300); do
	[ -S socket ] && break
	sleep 0.1
done
usr/bin/mariadb --no-defaults --socket=socket -uroot -e "CREATE USER u@localhost IDENTIFIED BY 'p'"

PYTHONPATH=python python3 - "$where/socket" <<'EOF' | tee seen
import sys
import mysql.connector

conn = mysql.connector.connect(unix_socket=sys.argv[1], user="u", password="p", use_pure=True, charset="utf8mb4",
                               collation="utf8mb4_general_ci")

def show(when):
    cursor = conn.cursor()
    cursor.execute("SELECT @@time_zone, @@sql_mode = @@GLOBAL.sql_mode")
    print(when, *cursor.fetchone())
    cursor.close()

show("connect:")
conn.cmd_reset_connection()
show("reset:")
conn.cmd_change_user("u", "p")
show("change user:")
EOF
cat >expected <<'EOF'
connect: +03:00 0
reset: SYSTEM 1
change user: SYSTEM 1
EOF
diff expected seen
