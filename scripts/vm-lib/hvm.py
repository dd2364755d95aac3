# SPDX-License-Identifier: MIT
"""What QEMU in dom0 and its HVM guests are made of, all from Debian packages.

  build/vm/hvm/disk.img     a disk: GRUB, and an ext2 partition with a kernel, an
                            initramfs and /sbin/init (tests/hvm/init.sh)
  build/vm/hvm/initrd       the amd64 kernel's initramfs, for a direct boot
  build/vm/hvm/initrd-686   the same for the 686-pae kernel, with i386 busybox
  build/vm/hvm.cpio         the above, the kernels, xen-qemu-system-i386, its
                            libraries and firmware: appended to dom0's archive

Equal packages make equal files: times and identifiers are fixed.
"""
import hashlib
import os
import re
import shutil
import struct
import subprocess

import dom0
import limits
from cpio import Archive
from dom0 import Failure, read, run, write

ROOT, ROOT_686 = dom0.ROOT, "build/debian/i386/root"
OUT = "build/vm/hvm"
IMAGE = "build/vm/hvm.cpio"
QEMU = "/usr/libexec/xen-qemu-system-i386"
PACKAGES = """qemu-system-xen seabios ipxe-qemu qemu-system-data memtest86+
    grub-common grub-pc-bin libspice-server1 libpixman-1-0 libjpeg62-turbo
    libusb-1.0-0 libfdt1 libglib2.0-0 libssl3 libopus0 libgstreamer1.0-0
    libgstreamer-plugins-base1.0-0 liborc-0.4-0 liblz4-1 libsasl2-2 libstdc++6
    libudev1 libpcre2-8-0 libunwind8 libdw1 libffi8 libelf1 libbz2-1.0 zlib1g
    liblzma5 libgcc-s1""".split()
FIRMWARE = ["/usr/lib/xen-4.17/boot/hvmloader",
            "/usr/share/seabios/bios-256k.bin",
            "/usr/share/seabios/vgabios-stdvga.bin",
            "/usr/share/seabios/vgabios-cirrus.bin",
            "/usr/share/qemu/linuxboot.bin",
            "/usr/share/qemu/linuxboot_dma.bin",
            "/usr/share/qemu/keymaps/en-us",
            "/usr/share/qemu/kvmvapic.bin",
            "/usr/lib/ipxe/qemu/efi-e1000.rom",
            "/usr/lib/ipxe/qemu/efi-rtl8139.rom"]
DOM0_MODULES = ["drivers/net/tun", "drivers/net/xen-netback/xen-netback"]
# ext4 asks for crc32c by its algorithm, not by a symbol.
DISK_MODULES = ["drivers/ata/ata_piix", "drivers/scsi/sd_mod",
                "crypto/crc32c_generic", "fs/ext4/ext4",
                "drivers/block/xen-blkfront", "drivers/net/xen-netfront"]
LINKS = """sh mount umount cat echo grep sed uname nproc sort ls dmesg poweroff
    insmod switch_root sleep ip ping basename head cut tr wc sha256sum mkdir
    readlink dd sync""".split()
TIME = 1700000000
GRUB_MODULES = """biosdisk part_msdos ext2 normal linux linux16 echo serial
    terminal configfile test boot minicmd halt""".split()
PART_START, PART_MIB = 2048, 40


# ---- the guest's files ----

def module_files(root, version):
    """Name: path of each module."""
    base = f"{root}/lib/modules/{version}/kernel"
    return {f[:-3].replace("-", "_"): f"{folder}/{f}"
            for folder, _, files in os.walk(base)
            for f in files if f.endswith(".ko")}


def in_order(root, version, wanted):
    """The paths of these modules, each behind those it depends on."""
    files, order = module_files(root, version), []

    def add(name):
        found = re.search(rb"\0depends=([^\0]*)", read(files[name]))
        for other in filter(None, found[1].decode().split(",")):
            add(other.replace("-", "_"))
        if files[name] not in order:
            order.append(files[name])
    for module in wanted:
        add(os.path.basename(module).replace("-", "_"))
    return order


def add_system(archive, root):
    archive.file("bin/busybox", root + "/bin/busybox")
    for name in LINKS:
        archive.link("bin/" + name, "busybox")


def initrd(root, version):
    a = Archive()
    for folder in "proc", "sys", "dev", "tmp", "disk":
        a.folder(folder)
    a.device("dev/console", 5, 1)
    add_system(a, root)
    names = []
    for path in in_order(root, version, DISK_MODULES):
        names.append(os.path.basename(path))
        a.file("modules/" + names[-1], path)
    a.text("modules/order", "\n".join(names) + "\n")
    a.file("init", "tests/hvm/init.sh")
    return a.bytes()


def set_times(folder):
    for path, folders, files in os.walk(folder):
        for name in folders + files:
            os.utime(f"{path}/{name}", (TIME, TIME), follow_symlinks=False)
    os.utime(folder, (TIME, TIME))


def partition(kernel, initial):
    """An ext2 file system, by mke2fs -d."""
    tree, image = OUT + "/tree", OUT + "/part.img"
    shutil.rmtree(tree, ignore_errors=True)
    for folder in "boot/grub", "bin", "sbin", "proc", "sys", "dev", "tmp":
        os.makedirs(f"{tree}/{folder}")
    shutil.copy(ROOT + "/bin/busybox", tree + "/bin/busybox")
    for name in LINKS:
        os.symlink("busybox", f"{tree}/bin/{name}")
    shutil.copy("tests/hvm/init.sh", tree + "/sbin/init")
    write(tree + "/boot/grub/grub.cfg", read("tests/hvm/grub.cfg").replace(
        b"@LINUX_ARGS@", limits.linux_args().encode()))
    shutil.copy(kernel, tree + "/boot/vmlinuz")
    write(tree + "/boot/initrd", initial)
    shutil.copy(ROOT + "/boot/memtest86+x64.bin", tree + "/boot/memtest")
    os.chmod(tree + "/sbin/init", 0o755)
    set_times(tree)
    write(image, b"")
    write(OUT + "/mke2fs.conf", b"[fs_types]\n  small = {\n    inode_size = 256\n  }\n")
    env = dict(os.environ, E2FSPROGS_FAKE_TIME=str(TIME),
               MKE2FS_CONFIG=OUT + "/mke2fs.conf", PATH=os.environ["PATH"] + ":/usr/sbin:/sbin")
    uuid = "6f726965-6c00-4000-8000-000000000001"
    made = subprocess.run(
        ["mke2fs", "-q", "-F", "-t", "ext2", "-b", "1024", "-d", tree, "-U",
         uuid, "-E", f"hash_seed={uuid},root_owner=0:0,no_copy_xattrs",
         "-L", "oriel-hvm", image, f"{PART_MIB}M"], env=env)
    if made.returncode:
        raise Failure("mke2fs failed")
    shutil.rmtree(tree)
    return read(image)


def boot_sectors():
    """GRUB's boot.img, and its core image for the sectors behind."""
    grub = ROOT + "/usr/lib/grub/i386-pc"
    core = OUT + "/core.img"
    run(ROOT + "/usr/bin/grub-mkimage", "-d", grub, "-O", "i386-pc", "-p",
        "(hd0,msdos1)/boot/grub", "-o", core, *GRUB_MODULES)
    boot, core = bytearray(read(grub + "/boot.img")), read(core)
    # boot.img reads the core image from sector 1 on, of the disk that firmware
    # names.  Its code for floppy disks gives way to a table of one partition.
    boot[440:510] = b"orie\0\0" + bytes(64)
    boot[446:462] = struct.pack("<BBBBBBBBII", 0x80, 0xfe, 0xff, 0xff, 0x83,
                                0xfe, 0xff, 0xff, PART_START,
                                PART_MIB * 2048)
    boot[510:512] = b"\x55\xaa"
    if len(core) > (PART_START - 1) * 512:
        raise Failure("GRUB's core image does not fit before the partition")
    return bytes(boot) + core


def disk(kernel, initial):
    start = boot_sectors()
    return (start + b"\0" * (PART_START * 512 - len(start)) +
            partition(kernel, initial))


# ---- dom0's part ----

HOTPLUG = """#!/bin/sh
# What libxl runs for a network interface: an address instead of a bridge.
if [ "$type_if" = tap ]; then
    ip link set "$INTERFACE" up
elif [ "$1" = online ]; then
    ip addr add 192.168.77.1/24 dev "$vif"
    ip link set "$vif" up
    xenstore-write "$XENBUS_PATH/hotplug-status" connected
fi
exit 0
"""


def make_image(version, version_686):
    os.makedirs(OUT, exist_ok=True)
    kernel = f"{ROOT}/boot/vmlinuz-{version}"
    initial = initrd(ROOT, version)
    a = Archive()
    for folder in "etc/xen/scripts", "var/lib/xen", "var/log/xen", "hvm":
        a.folder(folder)
    for path in [QEMU, *FIRMWARE]:
        a.file(path, ROOT + path)
    a.text("etc/xen/scripts/vif-oriel", HOTPLUG)
    a.text("etc/xen/xl.conf", "", 0o644)
    modules = in_order(ROOT, version, DOM0_MODULES)
    for path in modules:
        a.file("lib/modules/" + os.path.basename(path), path)
    a.text("lib/modules/for-guests",
           "\n".join(os.path.basename(p) for p in modules) + "\n")
    base = dom0.closure(ROOT + p for p in dom0.PROGRAMS)
    libraries = dom0.closure([ROOT + QEMU])
    libraries["libgcc_s.so.1"] = dom0.find_library("libgcc_s.so.1", [])
    for name, path in sorted(libraries.items()):
        if name not in base:
            a.file(f"{dom0.LIBS}/{name}", path)
    a.file("hvm/vmlinuz", kernel)
    a.data("hvm/initrd", initial)
    a.file("hvm/vmlinuz-686", f"{ROOT_686}/boot/vmlinuz-{version_686}")
    a.data("hvm/initrd-686", initrd(ROOT_686, version_686))
    image = disk(kernel, initial)
    write(OUT + "/disk.img", image)
    a.data("hvm/disk.img", image)
    return a.bytes()


def prepare(version):
    """Fetch what is missing; the path of the archive."""
    fetch = ["scripts/fetch-debian"]
    version_686 = dom0.kernel_version("linux-image-686-pae",
                                      "build/debian/kernel-686", "i386")
    for command in ([*fetch, *PACKAGES],
                    [*fetch, "--arch", "i386", "busybox-static",
                     "linux-image-" + version_686]):
        if subprocess.run(command, stdout=2).returncode:
            raise Failure("without Debian's packages there are no HVM guests")
    key = hashlib.sha256((version + version_686).encode())
    for source in (__file__, dom0.__file__, "tests/hvm/init.sh",
                   "tests/hvm/grub.cfg", limits.FILE):
        key.update(read(source))
    stamp = OUT + "/key"
    if not (os.path.exists(stamp) and os.path.exists(IMAGE) and
            read(stamp).decode() == key.hexdigest()):
        print(f"  VM      {IMAGE}", file=os.sys.stderr)
        write(IMAGE, make_image(version, version_686))
        write(stamp, key.hexdigest().encode())
    return IMAGE
