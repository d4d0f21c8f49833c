#!/usr/bin/python3
"""tools/install-deps without root, without sudo, with apt failing: by stand-ins for the commands it calls."""
import os
import subprocess
import tempfile
import unittest

INSTALL = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'tools', 'install-deps')
TOOLS = ['sh', 'sed', 'grep', 'printf', 'mktemp', 'tail', 'rm', 'mv', 'chmod', 'env']


class InstallDeps(unittest.TestCase):
    def run_with(self, **stand_ins):
        with tempfile.TemporaryDirectory() as path:
            for tool in TOOLS:
                os.symlink(f'/usr/bin/{tool}', os.path.join(path, tool))
            for name, script in stand_ins.items():
                with open(os.path.join(path, name.replace('_', '-')), 'w', encoding='utf-8') as f:
                    f.write('#!/bin/sh\n' + script)
                os.chmod(f.name, 0o755)
            return subprocess.run(['/bin/sh', INSTALL, 'demo'], env={'PATH': path}, capture_output=True, text=True)

    def test_nothing_to_do_says_nothing(self):
        run = self.run_with(dpkg_query='shift 2; for p in "$@"; do echo "install ok installed $p"; done',
                            apt_get='echo called; exit 1')
        self.assertEqual((run.returncode, run.stdout, run.stderr), (0, '', ''))

    def test_neither_root_nor_sudo(self):
        run = self.run_with(dpkg_query='exit 1', id='echo 1000')
        self.assertEqual(run.returncode, 1)
        self.assertIn('neither root nor is there sudo', run.stderr)
        self.assertIn('apt-get install gcc', run.stderr)

    def test_sudo_is_asked_for_what_is_missing_only(self):
        run = self.run_with(dpkg_query='shift 2; for p in "$@"; do [ $p = meson ] || echo "install ok installed $p"; done',
                            id='echo 1000', sudo='echo sudo "$@"')
        self.assertEqual(run.returncode, 0)
        self.assertTrue(run.stdout.rstrip().endswith('--as-root meson'), run.stdout)

    def test_a_list_that_does_not_exist(self):
        run = subprocess.run(['/bin/sh', INSTALL, 'everything'], capture_output=True, text=True)
        self.assertEqual(run.returncode, 2)
        self.assertIn('usage:', run.stderr)


if __name__ == '__main__':
    unittest.main()
