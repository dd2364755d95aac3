# SPDX-License-Identifier: MIT
#
# bench.sh [looks]
#
# What scripts/bench-xen runs in dom0: calls of a process, and a guest under
# the reference device model, which tells its figures on the debug port; with
# "looks" the guest alone, and the device model looks for its requests all the
# time.  oriel, oriel-dm, vm-calls and bench.elf are in /, our libraries in
# /lib-dir.

set -e
dm=/oriel-dm
if [ "${1-}" = looks ]; then
    dm=/looking # -d has no room for options
    printf '#!/bin/sh\nexec /oriel-dm --looks 4000000000 "$@"\n' >$dm
    chmod +x $dm
fi
[ $dm = /looking ] || vm-calls /lib-dir/libxenforeignmemory.so.1 \
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
    oriel create --quiet --foreground --device-model $dm /bench.cfg
}
guest pvh ""
guest hvm window
