#!/usr/bin/python3
"""What is installed: every program of src/cmd with its manual page, which holds its options."""
import glob
import os
import subprocess
import tempfile
import unittest

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..')
BUILD = os.path.join(ROOT, 'build')


@unittest.skipUnless(os.path.exists(os.path.join(BUILD, 'build.ninja')), 'nothing is built')
class Install(unittest.TestCase):
    def test_programs_and_pages(self):
        with tempfile.TemporaryDirectory() as where:
            subprocess.run(['meson', 'install', '-C', BUILD, '--no-rebuild', '--quiet', '--destdir', where],
                           check=True, stdout=subprocess.DEVNULL)
            programs = {os.path.basename(p): p for p in glob.glob(f'{where}/**/bin/*', recursive=True)}
            pages = {os.path.basename(p)[:-2]: p for p in glob.glob(f'{where}/**/man1/*.1', recursive=True)}
            self.assertGreater(len(programs), 1)
            self.assertEqual(set(programs), set(pages))
            for page in pages.values():
                with open(page, encoding='utf-8') as f:
                    text = f.read()
                self.assertIn('usage:', text)
                self.assertNotIn('@HELP', text)


if __name__ == '__main__':
    unittest.main()
