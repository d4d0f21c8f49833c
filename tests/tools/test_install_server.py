#!/usr/bin/python3
"""tools/install-server and its short names without the network: by stand-ins for apt."""
import fcntl
import os
import subprocess
import tempfile
import time
import unittest

TOOLS = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'tools')


def waited_for(lock, seconds=30):
    """Somebody stands behind us at the lock; the kernel's list has it as "-> FLOCK"."""
    inode = f':{os.fstat(lock.fileno()).st_ino} '
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with open('/proc/locks', encoding='utf-8') as f:
            if any('->' in line and inode in line for line in f):
                return True
        time.sleep(0.02)
    return False


class InstallServer(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.cache = os.path.join(self.folder.name, 'cache')
        self.bin = os.path.join(self.folder.name, 'bin')
        os.mkdir(self.bin)
        self.env = {'PATH': f'{self.bin}:/usr/bin:/bin', 'HOME': self.folder.name,
                    'XDG_CACHE_HOME': self.cache}
        self.stand_in('apt-get', 'echo the network is away >&2; exit 100')

    def stand_in(self, name, script):
        with open(os.path.join(self.bin, name), 'w', encoding='utf-8') as f:
            f.write(f'#!/bin/sh\n{script}\n')
        os.chmod(f.name, 0o755)

    def start(self, tool, *args):
        return subprocess.Popen([os.path.join(TOOLS, tool), *args], env=self.env, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def run_tool(self, tool, *args):
        process = self.start(tool, *args)
        out, err = process.communicate()
        return process.returncode, out, err

    def where(self, name, there=True):
        """The folder of a server that is there, or would be."""
        (form,) = os.listdir(os.path.join(self.cache, 'switchyard'))
        path = os.path.join(self.cache, 'switchyard', form, name)
        self.assertEqual(os.path.isdir(path), there)
        return path

    def left(self):
        return os.listdir(os.path.dirname(self.where('mysql-9.7', there=False)))

    def test_arguments_that_are_wrong(self):
        for tool, *args in (['install-server'], ['install-server', '--where'],
                            ['install-server', 'mysql-5.7'],
                            ['install-server', '--help'], ['install-server', 'mysql-9.7', 'mariadb-10.11'],
                            ['install-mysql', '9.7'], ['install-mariadb'], ['install-mariadb', '10.11'],
                            ['install-mariadb', '11.8', '12.0']):
            status, out, err = self.run_tool(tool, *args)
            self.assertEqual((status, out), (2, ''), (tool, args))
            self.assertIn(f'usage: tools/{"install-server" if "there is no" in err else tool}', err)
        self.assertFalse(os.path.exists(self.cache))

    def test_without_network_it_says_so_and_leaves_nothing(self):
        status, out, err = self.run_tool('install-mysql')
        self.assertEqual((status, out), (1, ''))
        self.assertIn('the network is away', err)
        self.assertIn('apt could not fetch mysql-server-core', err)
        self.assertEqual(self.left(), ['mysql-9.7.lock'])

    def test_lists_that_apt_cannot_fetch_are_the_reason_it_says(self):
        """With the real apt, for which that alone is no error, and a way to the network that ends nowhere."""
        os.remove(os.path.join(self.bin, 'apt-get'))
        self.env['http_proxy'] = 'http://127.0.0.1:1'
        status, _, err = self.run_tool('install-mysql')
        self.assertEqual(status, 1)
        self.assertIn('Could not connect to 127.0.0.1:1', err)

    def test_what_is_there_is_said_and_nothing_else(self):
        self.run_tool('install-mysql')
        for name, tool, *args in (('mysql-9.7', 'install-mysql'),
                                  ('mariadb-11.8', 'install-mariadb', '11.8')):
            path = self.where(name, there=False)
            status, out, err = self.run_tool('install-server', '--where', name)
            self.assertEqual((status, out), (1, ''))
            self.assertIn(f'tools/install-server {name}', err)
            os.mkdir(path)
            for again in ((tool, *args), ('install-server', '--where', name)):
                self.assertEqual(self.run_tool(*again), (0, path + '\n', ''))

    def test_a_killed_run_leaves_no_server_and_the_next_takes_its_remains_away(self):
        self.stand_in('apt-get', 'kill -9 $PPID')
        self.assertNotEqual(self.run_tool('install-mysql')[0], 0)
        self.assertIn('mysql-9.7.new', self.left())
        archives = os.path.join(self.where('mysql-9.7.new'), 'apt', 'archives')
        with open(os.path.join(archives, 'half.deb'), 'w', encoding='utf-8'):
            pass
        self.stand_in('apt-get', f'test -d {archives} && test ! -e {archives}/half.deb && echo new; exit 100')
        self.assertIn('new\n', self.run_tool('install-mysql')[2])
        self.assertEqual(self.left(), ['mysql-9.7.lock'])

    def test_the_second_of_two_runs_waits_and_takes_what_the_first_made(self):
        self.run_tool('install-mysql')
        path = self.where('mysql-9.7', there=False)
        with open(path + '.lock', 'w', encoding='utf-8') as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            second = self.start('install-mysql')
            self.assertIn('waiting', second.stderr.readline())
            self.assertTrue(waited_for(lock), second.poll())
            os.mkdir(path)
        self.assertEqual(second.communicate(), (path + '\n', ''))
        self.assertEqual(second.returncode, 0)


if __name__ == '__main__':
    unittest.main()
