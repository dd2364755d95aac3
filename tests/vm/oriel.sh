# SPDX-License-Identifier: MIT
#
# sh oriel.sh BOTH OURS CYCLES GUESTS ROUNDS SEED [MINUTES]
#
# What scripts/check-vm wants from one boot of Oriel, in dom0: all that runs on
# Xen, then many guests, then the guest that fuzzes, so many times, then rounds of
# hostile device models, then hostile PV guests for so many minutes.

both=$1 ours=$2 cycles=$3 fuzzers=$4 rounds=$5 seed=$6 minutes=${7:-0}
[ -z "$both" ] || sh /all.sh oriel "$both" "$ours"

export LD_LIBRARY_PATH=/lib-dir
part() { # NAME COMMAND...
    echo "## begin $1 our"
    shift
    "$@" </dev/null 2>&1
    echo "## end $?"
}
[ -z "$both" ] || {
    # Where a PVH dom0's memory is; a PV dom0 has machine frames.
    [ "$(cat /sys/hypervisor/guest_type)" = PV ] || part dom0-memory dom0-memory
    part dom0-devices dom0-devices
}
[ "$cycles" = 0 ] || part more.sh sh /more.sh / / "$cycles"
[ "$fuzzers" = 0 ] || part fuzz.sh sh /fuzz.sh / / "$fuzzers" "$seed"
[ "$rounds" = 0 ] || part fuzz-dm.sh sh /fuzz-dm.sh / / "$rounds" "$seed"
[ "$minutes" = 0 ] || part fuzz-pv.sh sh /fuzz-pv.sh "$minutes" "$seed"
[ -z "$both" ] || part times.sh sh /times.sh oriel / /
