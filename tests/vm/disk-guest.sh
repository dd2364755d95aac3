#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The first program of a guest.  disk=MIB on the command line: it reads so much of
# xvda, and writes it again behind that; then it fetches a file from dom0, and dom0
# fetches the file from it.  memory=MIB: it sees again and again whether so much of
# its memory is what it was.
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
for m in $(cat /modules/order); do
    insmod "/modules/$m"
done
argument() { # NAME
    tr ' ' '\n' </proc/cmdline | sed -n "s/^$1=//p"
}
say() { echo "guest: $*"; }
sum() { md5sum | cut -d' ' -f1; }

disk() { # MIB
    until [ -b /dev/xvda ]; do
        sleep 1 # then look again
    done
    say "read $(dd if=/dev/xvda bs=1M count="$1" 2>/dev/null | sum)"
    dd if=/dev/xvda of=/dev/xvda bs=1M count="$1" seek="$1" conv=fsync \
        2>/dev/null && say "written"
}
network() {
    ip link set eth0 up
    ip addr add 10.0.0.2/24 dev eth0
    until wget -q -O /part http://10.0.0.1/part; do
        sleep 1 # then look again
    done
    say "fetched $(sum </part)"
    httpd -h / && say "serves it"
}
memory() { # MIB
    dd if=/dev/urandom of=/kept bs=1M count="$1" 2>/dev/null
    was=$(sum </kept)
    round=0
    while [ "$(sum </kept)" = "$was" ]; do
        round=$((round + 1))
        say "memory as it was, round $round"
        sleep 1 # then look again
    done
    say "memory differs"
}

mib=$(argument disk)
[ -z "$mib" ] || { disk "$mib"; [ ! -e /sys/class/net/eth0 ] || network; }
mib=$(argument memory)
[ -z "$mib" ] || memory "$mib"
say "done"
exec cat # until it is destroyed
