# SPDX-License-Identifier: MIT
#
# What scripts/bench-xen runs in dom0: calls of a process, and a guest under
# the reference device model, which tells its figures on the debug port.
# oriel, oriel-dm, vm-calls and bench.elf are in /, our libraries in /lib-dir.

set -e
vm-calls /lib-dir/libxenforeignmemory.so.1 \
    /lib/x86_64-linux-gnu/libxenforeignmemory.so.1
guest() { # TYPE COMMAND-LINE
    cat >/bench.cfg <<END
name = "bench"
uuid = "b8e2e0a4-0b7a-4c5e-9f0e-0c6c2a5d7e11"
type = "$1"
kernel = "/bench.elf"
cmdline = "$2"
memory = 16
END
    oriel create --quiet --foreground /bench.cfg
}
guest pvh ""
guest hvm window
