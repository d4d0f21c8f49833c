<?php
// What PHP's drivers see.   client.php mysqli|pdo HOST PORT USER DATABASE
[, $driver, $host, $port, $user, $database] = $argv;
const INSERT = 'INSERT INTO clients (n, d, name, b, t, j) VALUES (?, ?, ?, ?, ?, ?)';
const ROW = [7, '12.50', "żółw 🐢", "\x00\xff'\\", '2024-02-29 12:00:01.000005', null];

function say(string $step, ...$what): void
{
    echo $step, ': ', implode(' ', array_map(
        fn($w) => json_encode($w, JSON_UNESCAPED_UNICODE | JSON_PARTIAL_OUTPUT_ON_ERROR | JSON_INVALID_UTF8_SUBSTITUTE), $what)), "\n";
}

function fails(string $step, callable $what): void
{
    try {
        say($step, $what());
    } catch (mysqli_sql_exception $e) {
        say($step, 'error', $e->getCode(), $e->getSqlState());
    } catch (PDOException $e) {
        say($step, 'error', $e->errorInfo[1] ?? $e->getCode(), $e->errorInfo[0] ?? null);
    }
}

function mysqli_part(string $host, int $port, string $user, string $database): void
{
    mysqli_report(MYSQLI_REPORT_ERROR | MYSQLI_REPORT_STRICT);
    $connect = function () use ($host, $user, $database, $port) {
        $c = mysqli_init();
        $c->real_connect($host, $user, '', $database, $port, null, getenv('CLIENTS_COMPRESS') ? MYSQLI_CLIENT_COMPRESS : 0);
        return $c;
    };
    $c = $connect();
    $c->set_charset('utf8mb4');
    $all = fn(string $q) => ($r = $c->query($q)) instanceof mysqli_result ? $r->fetch_all() : $c->affected_rows;
    $run = function (string $q, array $v) use ($c) {
        $s = $c->prepare($q);
        $s->execute($v);
        $r = $s->get_result();
        return $r ? $r->fetch_all() : $s->affected_rows;
    };

    $all('DELETE FROM clients');
    say('inserted', $run(INSERT, ROW), $c->insert_id == $all('SELECT MAX(id) FROM clients')[0][0]);
    say('text', $all('SELECT n, d, name, HEX(b), t, j FROM clients'));
    say('prepared', $run('SELECT n, d, name, HEX(b), t, j FROM clients WHERE n = ?', [7]));
    $fields = $c->query('SELECT n AS m, COUNT(*) c FROM clients GROUP BY n')->fetch_fields();
    say('columns', array_map(fn($f) => [$f->name, $f->orgname, $f->table, $f->db, $f->type], $fields));

    $c->begin_transaction();
    $all('SET @x = 5');
    $run('UPDATE clients SET n = ? WHERE n = 7', [8]);
    $c->rollback();
    say('rolled back', $all('SELECT n, @x FROM clients'));
    $c->autocommit(false);
    $run('UPDATE clients SET n = ? WHERE n = 7', [9]);
    $c->commit();
    $c->autocommit(true);
    say('committed', $all('SELECT n FROM clients'));

    $got = [];
    $c->multi_query('SELECT 1; UPDATE clients SET n = 5 WHERE n = 9; SELECT n FROM clients');
    do {
        $r = $c->store_result();
        $got[] = $r ? $r->fetch_all() : $c->affected_rows;
    } while ($c->more_results() && $c->next_result());
    say('several', $got);
    $s = $c->query('SELECT n FROM clients', MYSQLI_USE_RESULT);
    say('streamed', $s->fetch_row());
    $s->free();

    fails('syntax', fn() => $all('SELEC 1'));
    fails('duplicate', fn() => $all('INSERT INTO clients (id, n) SELECT id, n FROM clients'));
    fails('no table', fn() => $run('SELECT * FROM no_such_table', []));
    $all("INSERT INTO clients (n, name, b) VALUES (1000, 'large', REPEAT('x', 1048576))");
    say('a megabyte', strlen($run('SELECT b FROM clients WHERE n = ?', [1000])[0][0]));
    say('one id', $c->thread_id == $all('SELECT CONNECTION_ID()')[0][0]);

    $other = $connect();
    $c->query('SELECT SLEEP(20)', MYSQLI_ASYNC);
    while ($other->query("SELECT 1 FROM information_schema.processlist WHERE id = {$c->thread_id} AND info LIKE 'SELECT SLEEP%'")->num_rows == 0);
    $other->query("KILL QUERY {$c->thread_id}");
    fails('cancelled', fn() => $c->reap_async_query()->fetch_all());
    say('goes on', $all('SELECT 2'));
    fails('another user', fn() => $c->change_user($user, '', $database));
    say('goes on', $all('SELECT @x'));
    say('kill', $other->kill($c->thread_id));
    fails('killed', fn() => $all('SELECT 3'));
}

function pdo_part(string $host, int $port, string $user, string $database): void
{
    foreach ([true, false] as $emulated) {
        $c = new PDO("mysql:host=$host;port=$port;dbname=$database;charset=utf8mb4", $user, '',
            [PDO::ATTR_EMULATE_PREPARES => $emulated, PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION,
             PDO::MYSQL_ATTR_COMPRESS => (bool) getenv('CLIENTS_COMPRESS')]);
        $run = function (string $q, array $v = []) use ($c) {
            $s = $c->prepare($q);
            $s->execute($v);
            return $s->columnCount() > 0 ? $s->fetchAll(PDO::FETCH_NUM) : $s->rowCount();
        };
        say($emulated ? 'emulated' : 'prepared');
        $c->exec('DELETE FROM clients');
        say('inserted', $run(INSERT, ROW), $c->lastInsertId() == $run('SELECT MAX(id) FROM clients')[0][0]);
        say('values', $run('SELECT n, d, name, HEX(b), t, j FROM clients WHERE n = ?', [7]));

        $c->beginTransaction();
        $c->exec('SET @actor = 5');
        say('in transaction', $c->inTransaction());
        $run('UPDATE clients SET n = ? WHERE n = 7', [8]);
        say('in transaction', $c->inTransaction());
        $c->rollBack();
        say('rolled back', $run('SELECT n, @actor FROM clients'), $c->inTransaction());
        $c->beginTransaction();
        say('before any table', $run('SELECT 1'), $c->inTransaction());
        $run('UPDATE clients SET n = ? WHERE n = 7', [9]);
        $c->commit();
        say('committed', $run('SELECT n FROM clients'), $c->inTransaction());

        $s = $c->query($emulated ? 'SELECT 1; SELECT n FROM clients' : 'SELECT 1');
        $got = [];
        do {
            $got[] = $s->fetchAll(PDO::FETCH_NUM);
        } while ($s->nextRowset());
        say('results', $got);
        fails('duplicate', fn() => $run('INSERT INTO clients (id, n) SELECT id, n FROM clients'));
        fails('syntax', fn() => $run('SELEC 1'));
        say('goes on', $run('SELECT 1'));
    }
}

set_error_handler(fn() => true, E_WARNING);
$driver === 'mysqli' ? mysqli_part($host, (int)$port, $user, $database) : pdo_part($host, (int)$port, $user, $database);
