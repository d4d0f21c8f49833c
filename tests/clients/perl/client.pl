# What Perl's drivers see.   client.pl DRIVER HOST PORT USER DATABASE
use strict;
use warnings;
use utf8;
use DBI;
binmode STDOUT, ':utf8';
my ($driver, $host, $port, $user, $database) = @ARGV;
my $P = lc $driver;

sub connect_to {
    my (%more) = @_;
    return DBI->connect("dbi:$driver:host=$host;port=$port;database=$database", $user, '',
        { RaiseError => 1, PrintError => 0, AutoCommit => 1, "${P}_multi_statements" => 1,
          $ENV{CLIENTS_COMPRESS} ? ("${P}_compression" => 1) : (), %more });
}

sub show {
    my ($v) = @_;
    return 'undef' unless defined $v;
    return '[' . join(', ', map { show($_) } @$v) . ']' if ref $v;
    return $v;
}
sub say_ { my ($step, @what) = @_; print "$step: ", join(' ', map { show($_) } @what), "\n"; }

sub fails {
    my ($c, $step, $sql) = @_;
    my $got = eval { $c->do($sql) };
    $@ ? say_($step, 'error', $c->err, $c->state) : say_($step, $got);
}

for my $server_side (0, 1) {
    my $c = connect_to("${P}_server_prepare" => $server_side);
    my $all = sub { my ($q, @v) = @_; return $c->selectall_arrayref($q, {}, @v) };
    say_($server_side ? 'prepared' : 'text');
    $c->do('DELETE FROM clients');
    say_('inserted', $c->do('INSERT INTO clients (n, d, name, b, t, j) VALUES (?, ?, ?, ?, ?, ?)', {},
        7, '12.50', 'żółw', 'bytes', '2024-02-29 12:00:01.000005', undef));
    say_('last id', $c->last_insert_id(undef, undef, undef, undef) == $all->('SELECT MAX(id) FROM clients')->[0][0] ? 1 : 0);
    say_('values', $all->('SELECT n, d, name, b, t, j FROM clients WHERE n = ?', 7));

    $c->begin_work;
    $c->do('SET @x = 5');
    $c->do('UPDATE clients SET n = ? WHERE n = 7', {}, 8);
    $c->rollback;
    say_('rolled back', $all->('SELECT n, @x FROM clients'));
    $c->{AutoCommit} = 0;
    $c->do('UPDATE clients SET n = ? WHERE n = 7', {}, 9);
    $c->commit;
    $c->{AutoCommit} = 1;
    say_('committed', $all->('SELECT n FROM clients'));

    my $s = $c->prepare('SELECT n AS m, COUNT(*) AS c FROM clients GROUP BY n');
    $s->execute;
    say_('columns', $s->{NAME}, $s->{TYPE}, $s->{NULLABLE});
    $s->finish;
    fails($c, 'syntax', 'SELEC 1');
    fails($c, 'duplicate', 'INSERT INTO clients (id, n) SELECT id, n FROM clients');
    fails($c, 'no table', 'SELECT * FROM no_such_table');
    $c->do('INSERT INTO clients (n, name, b) VALUES (1000, ?, ?)', {}, 'large', 'x' x 1048576);
    say_('a megabyte', length $all->('SELECT b FROM clients WHERE n = 1000')->[0][0]);
    say_('one id', $c->{"${P}_thread_id"} // $c->{"${P}_thread_id"} == $all->('SELECT CONNECTION_ID()')->[0][0] ? 1 : 0);
    say_('ping', $c->ping ? 1 : 0);
    say_('table is there', scalar grep { /clients/ } $c->tables(undef, $database, 'clients', 'TABLE'));
    $c->disconnect;
}

my $c = connect_to("${P}_server_prepare" => 0);
my $s = $c->prepare('SELECT 1; SELECT n FROM clients WHERE n < 100');
$s->execute;
my @got;
do { push @got, $s->fetchall_arrayref } while $s->more_results;
say_('several', @got);
