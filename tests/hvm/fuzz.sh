#!/bin/sh
# SPDX-License-Identifier: MIT
#
# fuzz.sh SECONDS SEED: guests that fuzz the devices of an HVM guest behind QEMU,
# one after the other, for so long; in dom0 of Oriel, after jobs.sh.  Then, as
# TAP, whether the machine is as it was.
#
# A guest runs until something ends it, and is destroyed after `each` seconds: what
# becomes of it, or of its QEMU, is its own affair.  When eight in a row have done
# nothing, the script ends as a timeout.

seconds=$1 seed=$2
number=0

late() { # WHAT
    echo "Bail out! timeout: $*"
    exit 124
}
check() { # NAME COMMAND...
    check_name=$1
    shift
    number=$((number + 1))
    "$@" >/tmp/check 2>&1
    check_status=$?
    [ $check_status != 124 ] || late "$check_name"
    if [ $check_status = 0 ]; then
        echo "ok $number - $check_name"
    else
        echo "not ok $number - $check_name"
        sed 's/^/# /' /tmp/check
    fi
}

# jobs.sh starts the daemons and does its jobs, of which this is the only one.
job_none() { :; }
set -- none none
. /jobs.sh
each=$((WAIT_LIMIT * ${TIMEOUT_SCALE:-1} / 10)) # no verdict

fuzz_one() { # SEED
    config fuzz 2 'kernel = "/fuzz-devices.bin"' "cmdline = \"seed=$1\"" \
        'on_poweroff = "destroy"' 'acpi = 1'
    rm -f fuzz.serial
    if ! xl create -q fuzz.cfg >fuzz.log 2>&1; then
        refused=$((refused + 1))
        is_gone fuzz || xl destroy fuzz
        return
    fi
    give_up=$(($(date +%s) + each)) # no verdict
    until is_gone fuzz >/dev/null 2>&1 || [ "$(date +%s)" -gt $give_up ]; do # no verdict
        sleep 1 # then look again
    done
    if is_gone fuzz >/dev/null 2>&1; then
        ended=$((ended + 1))
    else
        destroyed=$((destroyed + 1))
        xl destroy fuzz
    fi
    grep -qa 'fuzz-devices: seed' fuzz.serial && started=$((started + 1))
    last=$(grep -a 'fuzz-devices: [0-9]* operations' fuzz.serial | tail -n 1 |
        sed 's/[^0-9]*\([0-9]*\).*/\1/')
    operations=$((operations + ${last:-0}))
}
no_guest() {
    list=$(xl list | tail -n +3)
    [ -z "$list" ] || { echo "$list"; false; }
}
runs() { kill -0 "$(cat "$1")"; }
no_device_model() {
    left=$(ps | grep '[q]emu-system-i386')
    [ -z "$left" ] || { echo "$left"; false; }
}
# The same guests again take no more, once all that is kept is kept.
same_pages() {
    now=$(free-pages)
    [ "$now" -lt "$before" ] || return 0
    for _ in 1 2 3 4 5; do
        echo "# $now free pages, not $before: again"
        for again in $(seq "$first" $((first + 3))); do
            fuzz_one "$again"
        done
        before=$now now=$(free-pages)
        [ "$now" -lt "$before" ] || return 0
    done
    echo "$now free pages, fewer each time"
    false
}
nothing_lost() {
    press-key f >/tmp/audit
    grep -q 'every page and reference is accounted for' /tmp/audit ||
        { cat /tmp/audit; false; }
}

started=0 ended=0 destroyed=0 refused=0 operations=0 first=$seed
fuzz_one "$seed" # what is kept is kept by now
before=$(free-pages)
end_at=$(($(date +%s) + seconds)) # no verdict
idle() { [ $operations = 0 ] && [ $((seed - first)) -lt 8 ]; }
while [ "$(date +%s)" -lt $end_at ] || idle; do # no verdict
    seed=$((seed + 1))
    fuzz_one $seed
    echo "# seed $seed: $ended ended, $destroyed destroyed," \
        "$operations operations"
done
echo "# seeds $first to $seed: $started started, $ended ended themselves," \
    "$destroyed were destroyed, $refused were not created;" \
    "more than $operations operations"
check "not all are refused" test $refused -le $((seed - first))
[ $operations -gt 0 ] || late "the first operation of a guest"
check "no guest is left" no_guest
check "no device model is left" await "the end of QEMU" no_device_model
check "xenstored runs" runs /run/xenstored.pid
check "xenconsoled runs" runs /run/xenconsoled.pid
check "all pages are back" same_pages
check "all pages and references are accounted for" nothing_lost
config direct1 1 "$(direct)"
simple direct1 >/tmp/direct1
! grep -q 'done direct1 124' /tmp/direct1 || late direct1
check "a guest runs as ever" grep 'done direct1 0' /tmp/direct1
check "all pages and references are still accounted for" nothing_lost
echo "1..$number"
