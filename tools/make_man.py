#!/usr/bin/python3
"""Fills a manual page's template with what the program itself says of its options.

usage: make_man.py PROGRAM TEMPLATE OUTPUT

A line @HELP@ becomes the output of PROGRAM --help, @HELP COMMAND@ that of
PROGRAM COMMAND --help, so that the page cannot say something else.
"""
import re
import subprocess
import sys


def roff(text):
    """Text as it is, safe between .nf and .fi."""
    text = text.replace('\\', '\\e').replace('-', '\\-')
    return '\n'.join('\\&' + line if line[:1] in ".'" else line for line in text.splitlines())


def help_of(program, words):
    run = subprocess.run([program, *words, '--help'], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, text=True, timeout=60, check=False)
    if run.returncode != 0 or 'usage:' not in run.stdout:
        sys.exit(f'{program} {" ".join(words)} --help: status {run.returncode}\n{run.stdout}')
    return f'.nf\n{roff(run.stdout.strip())}\n.fi'


def main():
    program, template, output = sys.argv[1:]
    with open(template, encoding='utf-8') as f:
        text = f.read()
    text = re.sub(r'^@HELP ?(.*)@$', lambda m: help_of(program, m.group(1).split()), text, flags=re.M)
    with open(output, 'w', encoding='utf-8') as f:
        f.write(text)


if __name__ == '__main__':
    main()
