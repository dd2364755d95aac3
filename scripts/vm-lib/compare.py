# SPDX-License-Identifier: MIT
"""Tests that ran on two hypervisors: what they said, and where they differ.

A job (tests/vm/all.sh) writes "## begin NAME LIBRARIES", what the program says,
and "## end STATUS".  Most programs write TAP.  check-xen and check-vm compare a
machine in QEMU with the hosted one, check by check, and the guests' consoles
line by line.  Where they are not the same, a line "# differs: ID" must have
said so, and ID must be in CAVEATS.md; so must the reason of each check left out.
"""
import difflib
import functools
import os
import re
import subprocess
import sys
import threading

from limits import limit

import as_on_xen
import dom0
import processor
from life import end_with_parent

PROGRAMS = ["build/bin/oriel", "build/bin/oriel-dm", "build/bin/oriel-config",
            "build/vm/keep-dm", "build/vm/vchan"]
# Of Debian's, beside those of every dom0.
TOOLS = [dom0.ROOT + dom0.XEN_BIN + "/" + t for t in (
    "lsevtchn", "xen-diag", "test-xenstore")]
# Those that need no APIC, which the hosted machine does not have.
SHARED_GUESTS = ["hello", "property", "events", "exits",
                 "hello-32", "events-32", "exits-32"]
GUESTS = [f"build/guest/{g}.elf" for g in SHARED_GUESTS + [
    "clocks", "interrupts", "machine", "processor", "insn"]]
HOSTED = "build/vm/hosted"  # what the hosted programs said, for both machines
TIMEOUT = 124  # the status of what was ended at a limit
passed = failed = late = 0
said = []  # each verdict, for scripts/junit


def verdict(good, name, details=(), status=None):
    """A line; a program that was ended at a limit has not failed."""
    global passed, failed, late
    timeout = not good and status == TIMEOUT
    passed, late = passed + good, late + timeout
    failed += not good and not timeout
    lines = [f"  {'ok   ' if good else 'TIME ' if timeout else 'FAIL '} {name}"]
    if not good:
        lines += [f"        {line}" for line in details]
    print("\n".join(lines), flush=True)
    said.extend(lines)


def contract_programs():
    """The lists in tests/contract/files.mk, as make understands them."""
    text = ("B := build\ninclude tests/contract/files.mk\n"
            "all: ; @echo '$(contract-both)' && echo '$(contract-ours)'\n")
    env = {k: v for k, v in os.environ.items() if k != "MAKEFLAGS"}
    out = subprocess.run(["make", "-s", "-f", "-", "all"], input=text, env=env,
                         text=True, check=True, stdout=subprocess.PIPE).stdout
    return out.rstrip("\n").split("\n")


class Run:
    """What one program said: checks by name, and where it said 'differs'."""
    CHECK = re.compile(r"(not )?ok (\d+) - (.*?)( # SKIP .*)?$")

    def __init__(self, name, libraries):
        self.name, self.libraries = name, libraries
        self.lines, self.status = [], None
        self.checks, self.plan, self.differs, self.bad = [], None, [], []

    @staticmethod
    def plain(name):
        """Ids go up from one domain to the next; sizes are not compared."""
        return re.sub(r"^domain \d+| \(\d+\)$", "", name)

    def end(self, status):
        self.status = status
        for i, line in enumerate(self.lines):
            if m := self.CHECK.match(line):
                if m[1] or int(m[2]) != len(self.checks) + 1:
                    self.bad += self.lines[i:i + 3]
                self.checks.append(self.plain(m[3]) + (m[4] or ""))
            elif m := re.match(r"1\.\.(\d+)$", line):
                self.plan = int(m[1])
            elif m := re.match(r"# differs: (\S+)$", line):
                self.differs.append((len(self.checks), m[1]))

    def is_tap(self):
        return self.plan is not None or bool(self.checks)

    def good(self):
        tap = not self.is_tap() or (self.plan == len(self.checks) > 0)
        return self.status == 0 and tap and not self.bad

    def trouble(self):
        return (self.bad or self.lines[-20:]) + [
            f"status {self.status}, {len(self.checks)} checks, "
            f"plan {self.plan}"]

    def ran_on(self, hypervisor):
        """Contract tests say where they are; nothing else knows."""
        return not self.name.startswith("ct-") or \
            f"# hypervisor: {hypervisor}" in self.lines

    def title(self):
        text = f"{self.name} with {self.libraries} libraries"
        return f"{text}, {len(self.checks)} checks" if self.checks else text


def parse(text):
    runs, current = {}, None
    for line in text.replace("\r", "").split("\n"):
        if m := re.match(r"## begin (\S+) (.*)$", line):
            current = Run(m[1], m[2])
            runs[m[1], m[2]] = current
        elif (m := re.match(r"## end (\d+)$", line)) and current:
            current.end(int(m[1]))
            current = None
        elif current:
            current.lines.append(line)
    return runs


# ---- the machines ----

def save(folder, name, text):
    with open(f"{folder}/{name}", "w") as f:
        f.write(text)


def read(folder, name):
    with open(f"{folder}/{name}", errors="replace") as f:
        return f.read()


def run_both(folder, both, ours, *vm):
    """The hosted half beside the machine's; vm as of run_vm."""
    hosted = threading.Thread(target=run_hosted, args=(both, ours))
    hosted.start()
    run_vm(folder, *vm)
    hosted.join()


RUNS = 3
QEMU_DIED = 123 # what scripts/vm says then


def run_vm(folder, arguments, files, job):
    """In dom0: what the job said is kept in vm.out, its status in vm.status,
    and what scripts/vm said on the way, which is passed on, in vm.err."""
    command = ["scripts/vm", "--lib-dir", "build/lib", "--logs",
               folder + "/vm", "-v", *arguments]
    for path in files:
        command += ["--add", path]
    for left in reversed(range(RUNS)):
        with open(folder + "/vm.out", "wb") as out, \
                open(folder + "/vm.err", "w") as err:
            vm = subprocess.Popen([*command, "--", *job], stdout=out,
                                  stderr=subprocess.PIPE, text=True,
                                  errors="replace",
                                  preexec_fn=end_with_parent)
            for line in vm.stderr:
                err.write(line)
                sys.stderr.write(line)
                sys.stderr.flush()
        if vm.wait() != QEMU_DIED or not left:
            break
        print("        QEMU died in the midst: all of it once more", flush=True)
    save(folder, "vm.status", str(vm.returncode))


def judge_end(folder):
    """Did the machine run to its end, and if not, what did scripts/vm say?  Its
    status."""
    status = int(read(folder, "vm.status"))
    said = [line for line in read(folder, "vm.err").splitlines()
            if not re.match(r"vm: [\w -]+: [0-9.]+ s$", line)]
    verdict(status == 0, "the machine ran its job to the end",
            [f"status {status}; logs are in {folder}/vm", *said], status)
    return status


def status_of(runs, key, end):
    """A program's; those that a machine ended at a limit did not come to share
    its timeout."""
    status = runs[key].status if key in runs else None
    return TIMEOUT if status is None and end == TIMEOUT else status


def files_for_all(both, ours):
    """What tests/vm/all.sh needs."""
    return PROGRAMS + GUESTS + [
        f"tests/vm/{n}.sh" for n in (
            "all", "guest", "recorded", "machine", "processor", "clients",
            "tap")] + TOOLS + [
        f"tests/vm/{n}.xen" for n in as_on_xen.GUESTS] + ["tests/limits"] + [
        f"build/contract/{p}" for p in (both + " " + ours).split()] + [
        dom0.host_library("libgcc_s.so.1")]


def must_exist(name, files):
    missing = [p for p in files if not os.path.exists(p)]
    if missing:
        sys.exit(f"{name}: not built: {' '.join(missing)}; run: make {name}")


def run_hosted(both, ours):
    """The same programs, one hosted hypervisor for each."""
    text, consoles = "", ""
    os.makedirs(HOSTED, exist_ok=True)
    lib = os.path.abspath("build/lib")
    jobs = [(p, "our", [f"build/contract/{p}"]) for p in
            (both + " " + ours).split()]
    jobs += [(p, "Debian's", [f"build/contract/{p}"]) for p in both.split()]
    jobs.append(("guest.sh", "our", [
        "sh", "tests/vm/guest.sh", "oriel", "build/bin", "build/guest",
        "build/vm/keep-dm"]))
    jobs.append(("clients.sh", "our", [
        "sh", "tests/vm/clients.sh", "build/bin", "build/guest",
        "build/vm/vchan"]))
    for i, (name, libraries, command) in enumerate(jobs):
        print(f"  hosted  {i + 1} of {len(jobs)}: {name} with {libraries} "
              "libraries", file=sys.stderr, flush=True)
        env = dict(os.environ)
        env["LD_LIBRARY_PATH"] = lib if libraries == "our" else ""
        console = HOSTED + "/console"
        if os.path.exists(console):
            os.remove(console)
        try:
            job = subprocess.run(
                ["scripts/hosted", *(["--toolstack"] if name == "clients.sh"
                                     else []),
                 "--audit", "--console", console, "--", *command], env=env, stdin=subprocess.DEVNULL,
                timeout=limit("PROGRAM"),
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            out, status = job.stdout, job.returncode
        except subprocess.TimeoutExpired as e:
            out, status = e.stdout or b"", 124
        text += (f"## begin {name} {libraries}\n" +
                 out.decode(errors="replace") + f"\n## end {status}\n")
        if name == "guest.sh":
            with open(console, errors="replace") as f:
                consoles = f.read()
    save(HOSTED, "out", text)
    save(HOSTED, "guests", consoles)


# ---- comparison ----

def caveats():
    """ID: (Xen's answer, Oriel's)."""
    found = {}
    with open("CAVEATS.md") as f:
        for line in f:
            cells = [c.strip() for c in line.split("|")]
            if len(cells) > 4 and re.fullmatch(r"[a-z0-9-]+", cells[1]):
                found[cells[1]] = cells[2], cells[3]
    return found


def compare_checks(vm, hosted, where):
    """Checks that only one of the two made, for no reason that was told."""
    bad = []
    # What the hosted machine lacks as a whole is left out once, by a row's ID;
    # checks of it may be in several places.
    lacks = any(" # SKIP hosted-" in c for c in hosted.checks)
    matcher = difflib.SequenceMatcher(None, vm.checks, hosted.checks, False)
    for what, v0, v1, h0, h1 in matcher.get_opcodes():
        # "differs" stands before the first check that is another one, or
        # before the one whose answer leads there.
        told = any(h0 - 1 <= at <= h1 for at, _ in hosted.differs) or \
            any(v0 - 1 <= at <= v1 for at, _ in vm.differs) or \
            any(" # SKIP " in c for c in vm.checks[v0:v1] +
                hosted.checks[h0:h1])
        if what != "equal" and not told:
            bad += [f"only on {where}: {c}" for c in vm.checks[v0:v1]
                    if not lacks]
            bad += [f"only hosted: {c}" for c in hosted.checks[h0:h1]]
    return bad


def skipped(runs, where):
    """What was left out, which has to be for a difference in CAVEATS.md."""
    known = caveats()
    lines = sorted({(run.name, *check.split(" # SKIP ", 1))
                    for run in runs.values() for check in run.checks
                    if " # SKIP " in check})
    if not lines:
        return
    print(f"== Left out on {where}")
    for program, check, reason in lines:
        verdict(reason.split(":")[0] in known, f"{program}: {check}: "
                f"{reason}", ["the reason is no ID of CAVEATS.md"])


def guest_lines(run, console):
    """Name of a guest: what it wrote on the hypervisor's console."""
    guests = {}
    for line in run.lines:
        if m := re.match(r"## guest (\S+) d(\d+)$", line):
            wrote = re.findall(r"^\(d%s\) (.*)$" % m[2],
                               console.replace("\r", ""), re.M)
            # A grant shows whether the console is attached by now.
            guests[m[1]] = [re.sub("flags 19,", "flags 1,", w) for w in wrote]
    return guests


def compare_guests(vm, hosted, where, status):
    for name, lines in sorted(vm.items()):
        theirs = hosted.get(name, [])
        if name == "killed" and where == "Xen":  # Oriel's gets further
            theirs = theirs[:len(lines)]
        bad = [d for d in difflib.unified_diff(
            lines, theirs, where, "hosted", lineterm="")]
        bad += [line for line in lines if line.startswith("not ok")]
        verdict(bool(lines) and not bad, f"guest {name}: {len(lines)} lines "
                f"on the console, the same on {where} and hosted",
                bad or ["no lines"], status)


def judge_machine(vm, console, status):
    """The guest "machine": TAP on the console, once for each of its ends."""
    guests = guest_lines(vm, console)
    for name, lines in sorted(guests.items()):
        checks = [w for w in lines if re.match(r"(not )?ok \d+ - ", w)]
        bad = [w for w in checks if w.startswith("not ok")]
        if f"1..{len(checks)}" not in lines or not checks:
            bad += lines[-5:] + ["no plan at the end"]
        verdict(not bad, f"guest {name}: {len(checks)} checks on the console",
                bad, status)
    verdict(len(guests) == 6, "six of these guests ran",
            [" ".join(sorted(guests))], status)


def lines_of(guest, folder, program=None):
    """What the guest said on the machine in QEMU; the program that ran it has its
    name, or another one."""
    run = parse(read(folder, "vm.out")).get((program or guest, "our"))
    console = read(folder, "vm/hypervisor.log")
    return run and guest_lines(run, console).get(guest)


def table(hosted):
    known, seen = caveats(), {}
    for (name, _), run in hosted.items():
        for at, what in run.differs:
            check = run.checks[at] if at < len(run.checks) else "at the end"
            seen.setdefault(what, {}).setdefault(f"{name}: {check}")
    print("== Answers that differ, by their entry in CAVEATS.md")
    for what in sorted(seen):
        xen, oriel = known.get(what, ("?", "?"))
        print(f"  {what}\n      Xen:   {xen}\n      Oriel: {oriel}")
        for where in seen[what]:
            print(f"      seen:  {where}")
    unknown = sorted(set(seen) - set(known))
    verdict(bool(seen) and not unknown, f"{len(seen)} differences, each in "
            "CAVEATS.md", [f"{u}: not there" for u in unknown])


# ---- a judgement ----

def judge(where, name, folder, wanted):
    """What the machine in QEMU said, by program; and then the hosted one."""
    vm = parse(read(folder, "vm.out"))
    hosted = parse(read(HOSTED, "out"))
    console = read(folder, "vm/hypervisor.log")
    print(f"== On {where}")
    end = judge_end(folder)

    def status(program, libraries="our"):
        return status_of(vm, (program, libraries), end)

    def verdict_of(program):
        return functools.partial(verdict, status=status(program))
    for key in wanted:
        run = vm.get(key) or Run(*key)
        verdict(run.good() and run.ran_on(name), run.title(), run.trouble(),
                status(*key))
    if ("machine.sh", "our") in vm:
        judge_machine(vm["machine.sh", "our"], console, status("machine.sh"))
    processor.judge(name, lines_of("processor", folder, "processor.sh") or
                    ["nothing"], caveats(), verdict_of("processor.sh"))
    for guest in as_on_xen.GUESTS:
        as_on_xen.judge(guest, name, lines_of(guest, folder) or ["nothing"],
                        caveats(), verdict_of(guest))
    print("== The same on the hosted hypervisor, and compared")
    for key, run in hosted.items():
        bad = [] if run.good() and run.ran_on("Oriel") else run.trouble()
        if key in vm:
            bad += compare_checks(vm[key], run, name)
        verdict(not bad, run.title(), bad,
                TIMEOUT if status(*key) == TIMEOUT else run.status)
    guests = ("guest.sh", "our")
    if guests in vm and guests in hosted:
        compare_guests(guest_lines(vm[guests], console),
                       guest_lines(hosted[guests],
                                   read(HOSTED, "guests")), name,
                       TIMEOUT if TIMEOUT in (status(*guests),
                                              hosted[guests].status) else None)
    skipped(vm, name)
    skipped(hosted, "the hosted hypervisor")
    table({**vm, **hosted} if name == "Oriel" else hosted)
    return end


def all_runs(both, ours):
    """What tests/vm/all.sh runs."""
    wanted = [(p, lib) for lib in ("our", "Debian's")
              for p in ["test-resource", "test-paging-mempool", *both.split()]]
    return wanted + [(p, "our") for p in
                     [*ours.split(), "guest.sh", *as_on_xen.GUESTS, "machine.sh",
                      "processor.sh", "clients.sh"]]


def summary(name):
    subprocess.run(["scripts/junit", f"build/junit/{name}.xml"], check=True,
                   text=True, input="\n".join([f"== {name}", *said, ""]))
    print(f"{passed} passed," + (f" {late} timed out," if late else "") +
          f" {failed} failed")
    return 1 if failed else TIMEOUT if late else 0
