# SPDX-License-Identifier: MIT
"""What a guest's interrupt controllers do, on Xen and on Oriel.

tests/guest/interrupts.c prints it.  tests/vm/interrupts.xen is what it prints on
Debian's Xen, which check-xen holds it to; a line that differs on Oriel needs a
line of tests/vm/interrupts.differs with an ID of CAVEATS.md.
"""
import re

XEN = "tests/vm/interrupts.xen"
DIFFERS = "tests/vm/interrupts.differs"


def content(name):
    with open(name) as f:
        return [line.rstrip("\n") for line in f if not line.startswith("# ")]


def write(lines):
    with open(XEN, "w") as f:
        f.write("# What tests/guest/interrupts.c says on Debian's Xen 4.17 "
                "(scripts/check-xen --record).\n")
        f.writelines(line + "\n" for line in lines)


def judge(where, lines, known, verdict):
    """known: the IDs of CAVEATS.md."""
    xen, bad, told = content(XEN), [], set()
    rules = [line.split(None, 1) for line in content(DIFFERS)]
    for theirs, this in zip(xen, lines):
        ids = [i for i, line_re in rules if re.fullmatch(line_re, theirs)]
        if theirs == this:
            continue
        if where == "Xen" or not ids or ids[0] not in known:
            bad += [f"on Xen {theirs}", f"here   {this}"]
        else:
            told.add(ids[0])
    if len(xen) != len(lines):
        bad.append(f"{len(lines)} lines, not {len(xen)}: " + lines[-1])
    verdict(not bad, f"guest interrupts: {len(lines)} lines, " +
            ("as they were" if where == "Xen" else "as on Xen"), bad)
    if told:
        print("        differs: " + ", ".join(sorted(told)))
