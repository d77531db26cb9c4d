"""Prints the commands that a README section tells to run: the lines after `$ `, continued by `\\`.

    readme.py FILE SECTION WORD…    those that begin with one of the words
"""

import re
import sys
from pathlib import Path

file, section, *words = sys.argv[1:]
text = Path(file).read_text()
_, found, rest = text.partition(f"\n## {section}\n")
if not found:
    sys.exit(f"{file} has no section {section!r}")
printed = 0
for block in re.findall(r"```console\n(.*?)```", rest.split("\n## ")[0], re.DOTALL):
    joined = block.replace("\\\n", " ")
    for line in joined.splitlines():
        command = line.removeprefix("$ ")
        if command != line and command.startswith(tuple(words)):
            print(command)
            printed += 1
if not printed:
    sys.exit(f"the section {section!r} of {file} has no command that begins with {' or '.join(words)}")
