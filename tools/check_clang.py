#!/usr/bin/python3
"""clang's warnings about every file of a build without sanitizers.

usage: check_clang.py [BUILD]       BUILD: default build-clang; set up when it is not there, nothing is built in it

Reads each file as `clang -fsyntax-only` with the build's own arguments: all of clang's diagnoses but those of its
optimizer, for a fifth of a build's time. That clang compiles and links everything the build with sanitizers shows.
"""
import concurrent.futures
import json
import os
import shlex
import subprocess
import sys

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..')


def set_up(build):
    """compile_commands.json as meson.build is now."""
    if os.path.exists(os.path.join(build, 'build.ninja')):
        command = ['ninja', '-C', build, 'build.ninja']
    else:
        command = ['meson', 'setup', build]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL, env={**os.environ, 'CC': 'clang'})


def check(entry):
    """What clang says about one file: (is it good, text)."""
    words, keep, skip = shlex.split(entry['command']), [], 0
    for word in words[words.index('clang'):]:
        if skip:
            skip -= 1
        elif word in ('-o', '-MF', '-MQ'):
            skip = 1
        elif word not in ('-c', '-MD'):
            keep.append(word)
    done = subprocess.run(keep + ['-fsyntax-only'], cwd=entry['directory'], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.returncode == 0, done.stdout


def main():
    build = os.path.join(ROOT, sys.argv[1] if len(sys.argv) > 1 else 'build-clang')
    set_up(build)
    with open(os.path.join(build, 'compile_commands.json'), encoding='utf-8') as f:
        entries = json.load(f)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(check, entries))
    for _, text in results:
        sys.stdout.write(text)
    bad = sum(not good for good, _ in results)
    print(f'{len(results)} files, {bad} with diagnoses')
    return 1 if bad or not results else 0


if __name__ == '__main__':
    sys.exit(main())
