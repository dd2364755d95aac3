# SPDX-License-Identifier: MIT
"""What guests are told of their processor, on Xen and on Oriel.

tests/guest/processor.c prints it.  tests/vm/processor.xen is what it prints on
Debian's Xen in QEMU's EPYC, which check-xen holds it to; what differs on Oriel
needs a line of tests/vm/processor.differs with an ID of CAVEATS.md.
"""
import re

XEN = "tests/vm/processor.xen"
DIFFERS = "tests/vm/processor.differs"


def registers(line):
    return [int(r, 16) for r in line.split(": ")[1].split()]


def plain_leaf(key, line):
    """Without what follows from the machine's CPUs, its clock or the order of
    domains."""
    a, b, c, d = registers(line)
    if key == "cpuid 00000001.0":
        b, d = b & 0xff00ffff, d & ~(1 << 28)
    elif key == "cpuid 80000001.0":
        c &= ~2
    elif key == "cpuid 40000003.0":
        c = 0
    elif key == "cpuid 40000003.1":
        a, b, c = bool(a), bool(a or b), 0
    elif key == "cpuid 40000003.2":
        a = 0
    elif key == "cpuid 40000004.0":
        c = 0
    return f"{key}: {a:08x} {b:08x} {c:08x} {d:08x}"


def plain(line):
    key = line.split(":")[0]
    if key.startswith("cpuid "):
        return plain_leaf(key, line)
    if key in ("msr 00000010", "msr 0000003b"):
        return re.sub(": [0-9a-f]+,", ": *,", line)
    return line


def dump(lines):
    """Key: what was said of it.  Some leaves are told again, with all states
    on."""
    found = {}
    for line in lines:
        if re.match(r"(cpuid|msr) [0-9a-f]{8}[.:]", line):
            key = line.split(":")[0]
            if key in found:
                key += " again"
            found[key] = plain(line)
    return found


def read_dump():
    with open(XEN) as f:
        return dump(line.rstrip("\n") for line in f)


def write_dump(lines):
    with open(XEN, "w") as f:
        f.write("# What tests/guest/processor.c says on Debian's Xen 4.17 in "
                "QEMU 7.2\n# (scripts/check-xen --record).\n")
        for line in dump(lines).values():
            f.write(line + "\n")


def rules():
    with open(DIFFERS) as f:
        return [line.split(None, 1) for line in f.read().splitlines()
                if line and not line.startswith("#")]


def different(lines):
    """(key, Xen's, this one's) of all that is not the same."""
    xen, this = read_dump(), dump(lines)
    return [(key, xen.get(key, "#GP or nothing"),
             this.get(key, "#GP or nothing"))
            for key in sorted({**xen, **this})
            if xen.get(key) != this.get(key)]


def judge(where, lines, known, verdict):
    """known: the IDs of CAVEATS.md."""
    checks = [w for w in lines if re.match(r"(not )?ok \d+ - ", w)]
    bad = [w for i, w in enumerate(lines) for w in lines[i - 1:i + 1]
           if lines[i].startswith("not ok")]
    if not checks or f"1..{len(checks)}" not in lines:
        bad += lines[-5:] + ["no plan at the end"]
    verdict(not bad, f"guest processor: {len(checks)} checks of features", bad)
    bad, explained, told = [], rules(), {}
    for key, xen, this in different(lines):
        ids = [i for i, key_re in explained if re.fullmatch(key_re, key)]
        if where == "Xen" or not ids or ids[0] not in known:
            bad += [f"{key}: on Xen {xen}", f"    here {this}"]
        else:
            told.setdefault(ids[0], []).append(key)
    verdict(not bad, f"{len(dump(lines))} leaves and MSRs, " +
            ("as they were" if where == "Xen" else "as on Xen"), bad)
    for i, keys in sorted(told.items()):
        print(f"        {i}: {', '.join(keys)}")
