# SPDX-License-Identifier: MIT
"""Guests that tell what a device does: the same lines on Xen and on Oriel.

tests/guest/NAME.c prints them.  tests/vm/NAME.xen is what it prints on Debian's
Xen, which check-xen holds it to; a line that differs on Oriel needs a line of
tests/vm/NAME.differs with an ID of CAVEATS.md.
"""
import re

GUESTS = ["interrupts", "clocks"]


def content(name):
    with open(name) as f:
        return [line.rstrip("\n") for line in f if not line.startswith("# ")]


def write(guest, lines, by="scripts/check-xen --record"):
    with open(f"tests/vm/{guest}.xen", "w") as f:
        f.write(f"# What the guest {guest} says on Debian's Xen 4.17 "
                f"({by}).\n")
        f.writelines(line + "\n" for line in lines)


def judge(guest, where, lines, known, verdict):
    """known: the IDs of CAVEATS.md."""
    xen, bad, told = content(f"tests/vm/{guest}.xen"), [], set()
    rules = [line.split(None, 1)
             for line in content(f"tests/vm/{guest}.differs")]
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
    verdict(not bad, f"guest {guest}: {len(lines)} lines, " +
            ("as they were" if where == "Xen" else "as on Xen"), bad)
    if told:
        print("        differs: " + ", ".join(sorted(told)))
