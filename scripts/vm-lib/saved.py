# SPDX-License-Identifier: MIT
"""What scripts in dom0 need for the guest that is saved and moved, of
tests/vm/saved-guest.sh."""
import os

import dom0
import hvm
from cpio import Archive


def initrd():
    a = Archive()
    for folder in "dev", "proc", "sys":
        a.folder(folder)
    a.device("dev/console", 5, 1)
    a.file("init", "build/vm/save-guest")
    return a.bytes()


def files(out, modules):
    """Written to the folder `out` or there already; the names of the modules,
    each behind those it depends on, are in the file "modules"."""
    os.makedirs(out, exist_ok=True)
    version = dom0.kernel_version()
    drivers = hvm.in_order(dom0.ROOT, version, modules)
    dom0.write(out + "/save.cpio", initrd())
    dom0.write(out + "/vmlinuz",
               dom0.read(f"{dom0.ROOT}/boot/vmlinuz-{version}"))
    dom0.write(out + "/modules", "".join(
        os.path.basename(m) + "\n" for m in drivers).encode())
    return [out + "/vmlinuz", out + "/save.cpio", out + "/modules", *drivers,
            "tests/limits", "tests/vm/tap.sh", "tests/vm/guests.sh",
            "tests/vm/saved-guest.sh", "build/vm/free-pages",
            "build/vm/press-key", "build/vm/patient-xl.so",
            "build/vm/rounds.so",
            dom0.host_library("libgcc_s.so.1")]
