# SPDX-License-Identifier: MIT
"""What dom0 is made of: Debian's packages, a base and an overlay.

  build/debian/root    packages, unpacked by scripts/fetch-debian
  build/debian/kernel  which kernel: the newest when it was fetched first
  build/vm/xen         Debian's hypervisor, unpacked
  build/vm/vmlinux     Debian's kernel, unpacked: emulated unpacking is slow
  build/vm/base.cpio   busybox, modules, Debian's Xen programs and libraries
  (per run)            the job, added programs and the libraries they need
"""
import fcntl
import gzip
import hashlib
import lzma
import os
import re
import struct
import subprocess

from cpio import Archive

ROOT = "build/debian/root"
PINNED = "build/debian/kernel"
OUT = "build/vm"
LIBS = "/lib/x86_64-linux-gnu"
XEN_BIN = "/usr/lib/xen-4.17/bin"
PACKAGES = """xen-hypervisor-4.17-amd64 xen-utils-4.17 xenstore-utils
    libxencall1 libxendevicemodel1 libxenevtchn1 libxenforeignmemory1
    libxengnttab1 libxenhypfs1 libxenmisc4.17 libxenstore4 libxentoolcore1
    libxentoollog1 libyajl2 libuuid1 libncurses6 libtinfo6 libc6
    busybox-static""".split()
MODULES = ["xen-privcmd", "xen-evtchn", "xen-gntdev", "xen-gntalloc",
           "xenfs/xenfs"]
KERNEL = r"linux-image-([0-9.]+-[0-9]+-(amd64|686-pae))$"
# Debian's programs that are in every dom0.
PROGRAMS = [XEN_BIN + "/" + p for p in (
    "test-resource", "test-paging-mempool", "xl", "xenstored", "xenconsoled",
    "xen-init-dom0", "xentop", "libxl-save-helper")] + ["/usr/bin/xenstore"]
# These come from the machine that built the programs: theirs is never older.
HOST_LIBS = re.compile(r"(lib(c|m|dl|rt|pthread|resolv)\.so|ld-linux)")


class Failure(Exception):
    """Ends scripts/vm with this message."""


def run(*command):
    """The output of a command, which must succeed."""
    try:
        return subprocess.run(command, check=True, text=True,
                              stdout=subprocess.PIPE).stdout
    except FileNotFoundError as e:
        raise Failure(f"{e.filename} is not installed: "
                      "run scripts/need vm") from None
    except subprocess.CalledProcessError as e:
        raise Failure(f"{command[0]} failed") from e


def apt_options(arch):
    """apt's for another architecture, with lists of its own."""
    if not arch:
        return []
    return run("scripts/fetch-debian", "--arch", arch, "--options").split()


def kernel_known_to_apt(meta, arch):
    """The version of Debian's newest kernel, or None."""
    try:
        known = subprocess.run(["apt-cache", *apt_options(arch), "depends",
                                meta],
                               text=True, stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL).stdout
    except FileNotFoundError:
        raise Failure("apt-cache is not installed: "
                      "run scripts/need vm") from None
    found = re.search(rf"Depends: {KERNEL}", known, re.M)
    return found and found[1]


def newest_kernel(meta, arch):
    if found := kernel_known_to_apt(meta, arch):
        return found
    if os.geteuid() == 0 or arch:
        subprocess.run(["apt-get", *apt_options(arch), "update", "-q"],
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if found := kernel_known_to_apt(meta, arch):
            return found
    raise Failure(f"apt knows no {meta}: is the network there, and "
                  "has 'apt-get update' run?")


def kernel_version(meta="linux-image-amd64", pinned=PINNED, arch=None):
    """The newest that apt knows, once for each build folder."""
    if os.path.exists(pinned):
        return read(pinned).decode().strip()
    version = newest_kernel(meta, arch)
    print(f"  VM      {meta} is {version} from now on: {pinned}",
          file=os.sys.stderr)
    write(pinned, version.encode() + b"\n")
    return version


def write(path, data):
    """Whole or not at all, for others may run at the same time."""
    part = f"{path}.{os.getpid()}"
    with open(part, "wb") as f:
        f.write(data)
    os.replace(part, path)


def read(path):
    with open(path, "rb") as f:
        return f.read()


def unpack_kernel(image):
    """The ELF file inside a bzImage, by its setup header."""
    if image[0x202:0x206] != b"HdrS":
        raise Failure("the kernel is no bzImage")
    sectors = image[0x1f1] or 4
    offset, length = struct.unpack_from("<II", image, 0x248)
    start = (sectors + 1) * 512 + offset
    payload = image[start:start + length]
    if payload.startswith(b"\xfd7zXZ"):
        return lzma.LZMADecompressor().decompress(payload)
    if payload.startswith(b"\x1f\x8b"):
        return gzip.decompress(payload)
    raise Failure("the kernel is packed in a way that is not known here")


# ---- programs and libraries ----

def needed(path):
    """Names of the libraries that an ELF file asks for."""
    return re.findall(r"\(NEEDED\).*\[(.*)\]", run("readelf", "-d", path))


def is_elf(path):
    with open(path, "rb") as f:
        return f.read(4) == b"\x7fELF"


def host_library(name):
    for line in run("/sbin/ldconfig", "-p").split("\n"):
        if line.strip().startswith(name + " ") and "x86-64" in line:
            return line.split(" => ")[1]
    return None


def find_library(name, folders):
    places = [f"{folder}/{name}" for folder in folders]
    places += [ROOT + LIBS + "/" + name, f"{ROOT}/usr{LIBS}/{name}"]
    if not HOST_LIBS.match(name):
        for path in places:
            if os.path.exists(path):
                return path
    path = host_library(name)
    if not path:
        raise Failure(f"no library {name} is to be found")
    return path


def closure(programs, folders=()):
    """All libraries that the programs need: name to path."""
    found, todo = {}, [p for p in programs if is_elf(p)]
    while todo:
        for name in needed(todo.pop()):
            if name not in found and not name.startswith("ld-linux"):
                found[name] = find_library(name, folders)
                todo.append(found[name])
    return found


# ---- images ----

INIT = """#!/bin/sh
# The first program of dom0: devices, modules, then the job on com2.
export PATH=/:/bin:/sbin:/usr/bin:/usr/lib/xen-4.17/bin HOME=/ TERM=linux
mount -t devtmpfs devtmpfs /dev
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mkdir -p /dev/pts /run/xen /run/xenstored /run/lock /var/lib/xen /tmp
mount -t devpts devpts /dev/pts
ln -s /proc/self/fd /dev/fd
ip link set lo up
# The driver may take the port from ACPI only now.
until [ -e /dev/ttyS1 ]; do
    sleep 1 # then look again
done
[ -e /interactive ] || stty -F /dev/ttyS1 raw -echo
exec </dev/ttyS1 >/dev/ttyS1 2>&1
echo "<oriel-vm init>"
for m in @MODULES@; do
    insmod /lib/modules/$m.ko || echo "<oriel-vm broken: no module $m>"
done
mount -t xenfs xenfs /proc/xen || echo "<oriel-vm broken: no xenfs>"
if [ -e /interactive ]; then
    setsid -c sh /job
else
    echo "<oriel-vm job>"
    sh /job </dev/null
    echo "<oriel-vm exit $?>"
fi
sync
poweroff -f
"""


def module_path(version, module):
    return f"{ROOT}/lib/modules/{version}/kernel/drivers/xen/{module}.ko"


def make_base(version):
    a = Archive()
    for folder in "proc", "sys", "dev", "tmp", "run", "lib64", "etc":
        a.folder(folder)
    a.device("dev/console", 5, 1)
    a.link("var/run", "/run")
    a.file("bin/busybox", ROOT + "/bin/busybox")
    for name in run(ROOT + "/bin/busybox", "--list").split():
        if name != "busybox":
            a.link("bin/" + name, "busybox")
    names = [os.path.basename(m) for m in MODULES]
    for module, name in zip(MODULES, names):
        a.file(f"lib/modules/{name}.ko", module_path(version, module))
    for program in PROGRAMS:
        a.file(program, ROOT + program)
    a.link("usr/bin/xenstore-ls", "xenstore")
    a.link("usr/bin/xenstore-read", "xenstore")
    a.link("usr/bin/xenstore-write", "xenstore")
    for name, path in sorted(closure(ROOT + p for p in PROGRAMS).items()):
        a.file(f"{LIBS}/{name}", path)
    a.file("lib64/ld-linux-x86-64.so.2", "/lib64/ld-linux-x86-64.so.2")
    a.text("init", INIT.replace("@MODULES@", " ".join(names)))
    return a.bytes()


def prepare(hvm_guests=False):
    """Fetch and unpack what a run needs; the paths of the images."""
    os.makedirs(OUT, exist_ok=True)
    os.makedirs("build/debian/done", exist_ok=True)
    with open(OUT + "/lock", "w") as lock:  # one at a time
        fcntl.flock(lock, fcntl.LOCK_EX)
        images = prepare_alone()
        if hvm_guests:
            import hvm
            images["hvm.cpio"] = hvm.prepare(kernel_version())
        return images


def prepare_alone():
    version = kernel_version()
    fetched = subprocess.run(["scripts/fetch-debian", *PACKAGES,
                              "linux-image-" + version], stdout=2).returncode
    if fetched:
        raise Failure("without Debian's packages there is no dom0")
    key = hashlib.sha256(version.encode())
    for source in __file__, os.path.dirname(__file__) + "/cpio.py":
        key.update(read(source))
    for p in PACKAGES:
        key.update(str(os.stat("build/debian/done/" + p).st_mtime).encode())
    images = {n: f"{OUT}/{n}" for n in ("xen", "vmlinux", "base.cpio")}
    stamp = OUT + "/key"
    if not (all(map(os.path.exists, [stamp, *images.values()])) and
            read(stamp) == key.hexdigest().encode()):
        print("  VM      build/vm/base.cpio", file=os.sys.stderr)
        boot = ROOT + "/boot/"
        write(images["xen"], gzip.decompress(read(boot +
                                                  "xen-4.17-amd64.gz")))
        write(images["vmlinux"], unpack_kernel(read(boot + "vmlinuz-" +
                                                    version)))
        write(images["base.cpio"], make_base(version))
        write(stamp, key.hexdigest().encode())
    images["vmlinuz"] = f"{ROOT}/boot/vmlinuz-{version}"
    return images


def overlay(job, files, lib_dir, interactive):
    """What this run adds, as an archive."""
    a = Archive()
    a.text("job", job)
    if interactive:
        a.text("interactive", "")
    folders = [lib_dir] if lib_dir else []
    own = {}
    if lib_dir:
        for name in sorted(os.listdir(lib_dir)):
            if ".so." in name and os.path.isfile(f"{lib_dir}/{name}"):
                own[name] = f"{lib_dir}/{name}"
    for name, path in own.items():
        a.file("lib-dir/" + name, path)
    for path in files:
        a.file(os.path.basename(path), path)
    base = closure(ROOT + p for p in PROGRAMS)
    # Ours refer to Debian's, so both sets are complete without the other.
    for where in folders, []:
        for name, path in sorted(closure([*files, *own.values()],
                                         where).items()):
            if name not in base and name not in own:
                a.file(f"{LIBS}/{name}", path)
                base[name] = path
    return a.bytes()
