#!/usr/bin/python3
"""tools/install-deps without root, without sudo, with apt failing: by stand-ins for the commands it calls."""
import os
import subprocess
import tempfile
import unittest

INSTALL = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'tools', 'install-deps')
TOOLS = ['sh', 'sed', 'grep', 'printf', 'mktemp', 'tail', 'rm', 'mv', 'cp', 'chmod', 'env']


class InstallDeps(unittest.TestCase):
    def run_with(self, policy='/nowhere/policy-rc.d', **stand_ins):
        with tempfile.TemporaryDirectory() as path:
            for tool in TOOLS:
                os.symlink(f'/usr/bin/{tool}', os.path.join(path, tool))
            for name, script in stand_ins.items():
                with open(os.path.join(path, name.replace('_', '-')), 'w', encoding='utf-8') as f:
                    f.write('#!/bin/sh\n' + script)
                os.chmod(f.name, 0o755)
            return subprocess.run(['/bin/sh', INSTALL, 'demo'], env={'PATH': path, 'TMPDIR': path, 'POLICY_RC_D': policy},
                                  capture_output=True, text=True)

    def test_nothing_to_do_says_nothing(self):
        run = self.run_with(dpkg_query='shift 2; for p in "$@"; do echo "install ok installed $p"; done',
                            apt_get='echo called; exit 1')
        self.assertEqual((run.returncode, run.stdout, run.stderr), (0, '', ''))

    def after_a_kill(self, policy):
        """apt ends with the process that called it; then all is there, and nobody is asked."""
        there = 'shift 2; for p in "$@"; do echo "install ok installed $p"; done'
        run = self.run_with(policy, dpkg_query='exit 1', id='echo 0', apt_get='kill -9 $PPID')
        self.assertNotEqual(run.returncode, 0)
        with open(policy, encoding='utf-8') as f:
            self.assertIn('exit 101', f.read())
        run = self.run_with(policy, dpkg_query=there, id='echo 0', apt_get='echo called; exit 1')
        self.assertEqual((run.returncode, run.stdout, run.stderr), (0, '', ''))

    def test_what_a_killed_run_left_is_put_back(self):
        with tempfile.TemporaryDirectory() as path:
            policy = os.path.join(path, 'policy-rc.d')
            self.after_a_kill(policy)
            self.assertEqual(os.listdir(path), [])
            with open(policy, 'w', encoding='utf-8') as f:
                f.write('#!/bin/sh\nexit 104\n')
            self.after_a_kill(policy)
            self.assertEqual(os.listdir(path), ['policy-rc.d'])
            with open(policy, encoding='utf-8') as f:
                self.assertIn('exit 104', f.read())

    def test_a_policy_of_others_and_of_a_run_at_work_stays(self):
        there = 'shift 2; for p in "$@"; do echo "install ok installed $p"; done'
        for text in ('#!/bin/sh\nexit 101\n', f"#!/bin/sh\n# switchyard's install-deps, process {os.getpid()}\nexit 101\n"):
            with tempfile.TemporaryDirectory() as path:
                policy = os.path.join(path, 'policy-rc.d')
                with open(policy, 'w', encoding='utf-8') as f:
                    f.write(text)
                self.assertEqual(self.run_with(policy, dpkg_query=there, id='echo 0').returncode, 0)
                with open(policy, encoding='utf-8') as f:
                    self.assertEqual(f.read(), text)

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
