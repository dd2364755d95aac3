# SPDX-License-Identifier: MIT
"""One machine in QEMU, from power on to the end of the job.

com1 is the hypervisor's console and that of dom0's kernel: hypervisor.log.
com2 belongs to the job: bytes pass as they are, between lines that /init
writes, which also tell how far the machine has come:

  banner ──> dom0 ──> init ──> job ──> end

A panic or the end of QEMU is a Failure at each stage; time that is up is Late.
Emulated unless KVM is asked for: instructions that leave a guest differ from
processor to processor, and tests are to see the same everywhere.
"""
import os
import re
import select
import shlex
import signal
import subprocess
import sys
import time

from dom0 import Failure
from life import end_with_parent
from limits import limit, linux_args

# Stage, what ends it, and where it is looked for.
STAGES = [
    ("hypervisor banner", rb"Xen version|Oriel version", "com1"),
    ("dom0 kernel", rb"Freed \d+kB init memory|Linux version|dom0: built", "com1"),
    ("init", rb"<oriel-vm init>", "com2"),
    ("start of the job", rb"<oriel-vm job>\r?\n", "com2"),
]
END = re.compile(rb"<oriel-vm exit (\d+)>\n")
# Xen has the reason of a panic on the next line, Oriel on the same.
TROUBLE = re.compile(rb"Panic on CPU \d+:.*\n.*|Panic on CPU\d.*|"
                     rb"Oriel crashed on CPU.*|Kernel panic.*|FATAL.*|"
                     rb"Hardware Dom0 crashed.*|Domain 0 crashed.*")
# QEMU's IRET reads user frames as the kernel, which SMAP forbids; MWAIT and
# RDTSCP leave a guest in ways that Xen cannot handle there.
CPU = "EPYC,-smap,-smep,-monitor,-rdtscp"
# With a thread for each of several CPUs, QEMU 7.2 forgets that its first one
# has left a guest; with one thread for all, it delivers an interrupt twice that
# was injected, as Xen does.  See docs/vm.md.
CPUS = {"xen": 1, "oriel": 2}
XEN_ARGS = ("console=com1 com1=115200,8n1 loglvl=all "
            "dom0_mem=1G dom0_vcpus_pin cpuidle=0 conring_size=128k ")
# All that guests cause; on Oriel no more of it than its limits let through.
GUEST_LEVEL = {"xen": "guest_loglvl=all ", "oriel": "guest_loglvl=none/all "}
DOM0_ARGS = f"console=hvc0 quiet loglevel=4 {linux_args()} "


def nested_kvm():
    """Has this computer KVM whose guests have SVM themselves?"""
    try:
        with open("/sys/module/kvm_amd/parameters/nested") as f:
            nested = f.read().strip() in ("1", "Y")
        with open("/proc/cpuinfo") as f:
            svm = re.search(r"^flags\s*:.*\bsvm\b", f.read(), re.M)
    except OSError:
        return False
    return nested and bool(svm) and os.access("/dev/kvm", os.R_OK | os.W_OK)


def processors(options):
    """Which, how many, and what executes them."""
    count = ["-smp", str(options.cpus)]
    if options.icount:
        return ["-cpu", CPU, *count, "-accel", "tcg,thread=single",
                "-icount", "shift=0,sleep=off", "-seed", "1",
                "-rtc", "base=2024-01-01,clock=vm"]
    threads = "multi" if options.threads else "single"
    kvm = options.accel == "kvm" or (options.accel == "auto" and nested_kvm())
    if kvm:
        return ["-cpu", "host", *count, "-accel", "kvm"]
    return ["-cpu", CPU, *count, "-accel", "tcg,thread=" + threads]


def command(options, folder):
    """QEMU's, with short fixed names: its working folder is `folder`."""
    c = ["qemu-system-x86_64", "-M", "q35", "-m", "3G", *processors(options)]
    vcpus = options.cpus
    if options.hypervisor == "xen" or options.icount:
        vcpus = 1
    xen_args = (XEN_ARGS + GUEST_LEVEL[options.hypervisor] +
                f"dom0_max_vcpus={vcpus} ")
    if options.dom0 == "pv" and options.hypervisor == "oriel":
        xen_args += "dom0=pv "
    if options.dom0 == "pvh" and options.hypervisor == "xen":
        xen_args += "dom0=pvh "
        c += ["-device", "amd-iommu"]  # Xen insists
    if options.shell:
        # Control-C is the guest's; Control-A X ends QEMU.
        com2 = ["-chardev", "stdio,id=com2,mux=on,signal=off",
                "-mon", "chardev=com2", "-serial", "chardev:com2"]
    else:
        com2 = ["-monitor", "none", "-serial", "stdio"]
    # Who connects to the socket types at the hypervisor's console.
    com1 = ["-chardev", "socket,id=com1,path=console,server=on,wait=off,"
            "logfile=hypervisor.log", "-serial", "chardev:com1"]
    gdb = ["-gdb", "unix:gdb,server=on,wait=off", "-S"] if options.gdb else []
    disk = []
    if options.disk:
        disk = ["-drive", "if=none,id=disk,format=raw,file=" +
                options.disk.replace(",", ",,"),
                "-device", "virtio-blk-pci,drive=disk"]
    return c + com1 + com2 + gdb + disk + [
        "-no-reboot", "-display", "none", "-net", "none",
        "-kernel", "hypervisor", "-append", xen_args + options.xen_args,
        "-initrd", f"vmlinux {DOM0_ARGS}{options.dom0_args},initramfs",
        *shlex.split(options.qemu_args)]


def tail(data, lines=25):
    text = data.decode(errors="replace").replace("\r", "")
    return "".join(f"        {line}\n" for line in text.split("\n")[-lines:])


class Died(Failure):
    """QEMU was ended by a signal: its own fault, none of the machine's."""


class Late(Failure):
    """A limit was reached: what was to come may still have come."""


class Machine:
    def __init__(self, options, folder):
        self.folder, self.options = folder, options
        self.com2, self.shown, self.start = b"", None, time.monotonic()
        self.log = open(folder + "/qemu.log", "wb")
        self.dump = open(folder + "/job.log", "wb")
        try:
            self.qemu = subprocess.Popen(
                command(options, folder), cwd=folder, stderr=self.log,
                preexec_fn=end_with_parent,
                stdout=None if options.shell else subprocess.PIPE,
                stdin=None if options.shell else subprocess.DEVNULL)
        except FileNotFoundError:
            raise Failure("qemu-system-x86_64 is not installed: "
                          "run scripts/need vm") from None

    def com1(self):
        try:
            with open(self.folder + "/hypervisor.log", "rb") as f:
                return f.read()
        except FileNotFoundError:
            return b""

    def fail(self, what, kind=Failure):
        """With the end of the console, and of what QEMU said for itself."""
        with open(self.folder + "/qemu.log", "rb") as f:
            said = [line for line in f.read().splitlines(True)
                    if b"warning: TCG doesn't support" not in line]
        raise kind(f"{what} after {time.monotonic() - self.start:.0f} s; "
                   f"logs are in {self.folder}\n" +
                   tail(self.com1() + b"".join(said)).rstrip("\n"))

    def await_end(self):
        """QEMU's status."""
        try:
            return self.qemu.wait(limit("PROGRAM"))
        except subprocess.TimeoutExpired:
            self.fail("the machine has not switched itself off", Late)

    def ended(self, when):
        status = self.await_end()
        if status < 0:
            raise Died(f"QEMU died of {signal.Signals(-status).name}, {when}; "
                       f"logs are in {self.folder}")
        self.fail(f"QEMU ended with status {status}, {when}")

    def step(self, doing):
        """Take in what com2 has within a moment; False at its end."""
        ready, _, _ = select.select([self.qemu.stdout], [], [], 0.2)  # look again
        if ready:
            data = os.read(self.qemu.stdout.fileno(), 65536)
            self.com2 += data
            self.dump.write(data)
            self.dump.flush()
            return bool(data)
        return True

    def check(self, doing):
        if found := TROUBLE.search(self.com1()):
            line = found[0].decode(errors="replace").replace("\r", "")
            self.fail(f"{doing}: {line.strip()}")
        if broken := re.search(rb"<oriel-vm broken: (.*?)>", self.com2):
            self.fail(f"{doing}: dom0 has {broken[1].decode()}")

    def await_stage(self, doing, pattern, where):
        deadline = time.monotonic() + limit("PROGRAM")
        while True:
            alive = self.step(doing)
            text = self.com1() if where == "com1" else self.com2
            if found := re.search(pattern, text):
                if self.options.verbose:
                    print(f"vm: {doing}: {time.monotonic() - self.start:.1f}"
                          " s", file=sys.stderr)
                return found.end()
            self.check(doing)
            if not alive:
                self.ended(f"waiting for the {doing}")
            if time.monotonic() > deadline:
                self.fail(f"no {doing} at the limit", Late)

    def boot(self):
        for stage in STAGES:
            self.shown = self.await_stage(*stage)

    def show(self, end):
        sys.stdout.buffer.write(self.com2[self.shown:end])
        sys.stdout.buffer.flush()
        self.shown = max(self.shown, end)

    def job(self, limit):
        """Pass on what the job writes; its exit status."""
        deadline = time.monotonic() + limit
        while True:
            alive = self.step("job")
            if found := END.search(self.com2, self.shown):
                self.show(found.start())
                return int(found[1])
            # A last line that is not finished may be ours.
            self.show(self.com2.rfind(b"\n") + 1 or self.shown)
            self.check("job")
            if not alive:
                self.ended("before the end of the job")
            if time.monotonic() > deadline:
                print(f"vm: the job has not ended within {limit} s; logs "
                      f"are in {self.folder}", file=sys.stderr)
                return 124

    def await_power_off(self):
        """The end that the machine makes itself, which is none of the job."""
        if self.await_end():
            self.ended("switching the machine off")
        if b"reboot: Power down" not in self.com1():
            self.fail("dom0 has not said that it powers down")
        if self.options.verbose:
            print(f"vm: power-off: {time.monotonic() - self.start:.1f} s",
                  file=sys.stderr)

    def interact(self):
        """The terminal is the machine's until it is switched off."""
        return self.qemu.wait()

    def close(self):
        self.qemu.terminate()
        self.qemu.wait()
        self.log.close()
        self.dump.close()
        os.remove(self.folder + "/initramfs")
