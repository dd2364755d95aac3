# SPDX-License-Identifier: MIT
#
# In a PV dom0 on Oriel, as TAP: Debian's test-resource with its PV part, what
# maps foreign and granted pages, and Debian's xl with a PVH guest and a PV guest.
# Their store is oxenstored; elsewhere it is xenstored.

programs=
. /tap.sh
. /guests.sh
. /pv-guests.sh

ours() { LD_LIBRARY_PATH=/lib-dir "$@"; }

both_parts() { # of test-resource: none is skipped
    test-resource >"$work/resource" 2>&1
    status=$?
    cat "$work/resource"
    [ $status = 0 ] && grep -q "x86 PV$" "$work/resource" &&
        no grep -q "Skip" "$work/resource"
}

exits_are_counted() {
    press-key p | grep "^exits: d0 " >"$work/exits"
    cat "$work/exits"
    for reason in hypercall syscall privileged memory exception interrupt; do
        grep -q " $reason [1-9]" "$work/exits" || return
    done
}

guest() { # TYPE VCPUS
    cat >"/$1.cfg" <<END
name = "$1"
type = "$1"
kernel = "/vmlinuz"
ramdisk = "/guest.cpio"
memory = 192
vcpus = $2
cmdline = "console=hvc0 loglevel=4 $linux_args"
on_crash = "preserve"
END
    check "$1 guest: create" xl create -q "/$1.cfg"
    eventually has "$1" "^guest: ready"
    eventually type_line "$1" "report 1"
    eventually has "$1" "^guest: report 1 "
    check "$1 guest: it has its vcpus" has "$1" "report 1 cpus $2 "
    type_line "$1" "touch 32"
    eventually has "$1" "^guest: touched"
    check "$1 guest: its memory keeps what is written" \
        has "$1" "touched 32 bad 0"
    check "$1 guest: its kernel complains of nothing" no_complaint "$1"
    check "$1 guest: destroy" xl destroy "$1"
    eventually alone
    check "$1 guest: nothing is lost" nothing_lost
}

check "it is PV" test "$(cat /sys/hypervisor/guest_type)" = PV
check "dom0 has its vcpus" test "$(nproc)" = 2
check "test-resource, PV and PVH, our libraries" ours both_parts
check "test-resource, PV and PVH, Debian's libraries" both_parts
check "test-paging-mempool" ours test-paging-mempool
check "foreign pages" ours ct-foreign
check "granted pages" ours ct-grant
check "dom0's exits are counted by their reasons" exits_are_counted
check "nothing is lost" nothing_lost
start_daemons oxenstored
check "oxenstored serves, with our libxenctrl" \
    grep -q "/lib-dir/libxenctrl" "/proc/$(cat /run/xenstored.pid)/maps"
guest pvh 2
guest pv 2
contract
eventually alone
check "pv-contract: nothing is lost" nothing_lost
finish
