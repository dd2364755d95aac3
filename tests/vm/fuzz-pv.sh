# SPDX-License-Identifier: MIT
#
# sh fuzz-pv.sh MINUTES SEED
#
# In a PV dom0 on Oriel, as TAP: the guest pv-hostile for so many minutes, each
# time with another seed; then whether the machine is as it was.  A guest ends
# after a number of operations, or when it has lost its way: the hypervisor ends
# it, or it hangs, or the host is too busy for it, and is destroyed, which are no
# verdicts.  When almost all of eight are, the script ends as a timeout.

minutes=$1 seed=$2
programs=
. /tap.sh
. /guests.sh
. /pv-guests.sh
ended=0 crashed=0 hung=0 failed_to_start=0
operations=20000
patience=$(($(limit WAIT) / 15)) # no verdict

is_over() { ! xl domid hostile >/dev/null 2>&1; }
one() { # SEED
    own_guest hostile pv-hostile "seed=$1 ops=$operations" 2 || return 1
    until=$(($(date +%s) + patience)) # no verdict
    until is_over || [ "$(date +%s)" -ge $until ]; do
        sleep 1 # then look again
    done
    if has hostile "^hostile: done"; then
        ended=$((ended + 1))
    elif is_over; then
        crashed=$((crashed + 1))
    else
        hung=$((hung + 1))
    fi
    is_over || xl destroy hostile || true
    eventually alone
    echo "# seed $1: $(console hostile | grep operations | tail -n 1)"
    rm -f $log/guest-hostile.log
}
# Memory of the hypervisor's heap stays with it: then the same guests take no more.
same_pages() {
    for _ in 1 2 3 4 5; do
        now=$(free-pages)
        [ "$now" -lt "$before" ] || return 0
        echo "# $now free pages, not $before: again"
        before=$now
        for again in $first $((first + 1)) $((first + 2)); do
            one "$again"
        done
    done
    echo "$now free pages, fewer each time"
    false
}

start_daemons
first=$seed
one "$seed" # what is kept is kept by now
before=$(free-pages)
few() { [ $((ended + crashed)) -lt 2 ] && [ $((hung + failed_to_start)) -lt 8 ]; }
end=$(($(date +%s) + minutes * 60)) # no verdict
while [ "$(date +%s)" -lt $end ] || few; do
    seed=$((seed + 1))
    one $seed || failed_to_start=$((failed_to_start + 1))
done
echo "# $ended guests ended, $crashed crashed, $hung hung, last seed $seed"
check "all guests could be created" test $failed_to_start = 0
[ $failed_to_start != 0 ] || [ $((ended + crashed)) -gt 1 ] ||
    late "$hung guests, one after the other"
check "all pages are back" same_pages
check "all pages and references are accounted for" nothing_lost
contract
eventually alone
check "a guest runs as ever" has contract "^end$"
check "nothing is lost by that" nothing_lost
finish
