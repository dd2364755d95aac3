# SPDX-License-Identifier: MIT
#
# sh many.sh PROGRAMS GUESTS MANY-DM ROUNDS VCPUS LOOKS
#
# A guest with many vcpus, each of which makes ROUNDS requests to each of eight ioreq
# servers in four device models, which look LOOKS times for a request before they
# sleep; then one that is destroyed in the middle.  TAP.

programs=$1 guests=$2 many_dm=$3 rounds=$4 vcpus=$5 looks=$6
oriel=$programs/oriel
. "$(dirname "$0")/tap.sh"

state() { "$oriel" list "$1" | awk 'NR == 2 { print $5 }'; }
ended() { state "$1" | grep s; }
domid() { "$oriel" list "$1" | awk 'NR == 2 { print $2 }'; }
free_pages() { "$programs/free-pages"; }
dom0_kib() { awk '/^MemAvailable:/ { print $2 }' /proc/meminfo; }

start() { # NAME ROUNDS
    config "$1" many "vcpus=$vcpus rounds=$2 servers=8" "$vcpus"
    echo "max_event_channels = 8191" >>"$work/$1.cfg"
    "$oriel" create -q --no-device-model "$work/$1.cfg"
}
model() { # NAME FIRST: a device model with two servers
    "$many_dm" "$(domid "$1")" "$2" 2 "$looks" >"$work/$1.$2" 2>&1 &
    models="$models $!"
}
# Ports for the eighth server exist when the guest has chosen FIFO events, and it has
# when it waits for the first one.
waits() {
    "$oriel" resources "$1" >"$work/resources"
    grep -q '[1-9][0-9]* requests' "$work/resources"
}
serve() { # NAME
    models=
    model "$1" 0
    eventually waits "$1"
    for first in 2 4 6; do
        model "$1" $first
    done
}
all_served() { # NAME: by all eight, as their own
    cat "$work/$1".[0246]
    for model in $models; do
        wait "$model" || return 1
    done
}
sum() { # NAME: requests that the device models counted
    sed -n 's/^servers.*: \([0-9]*\) requests.*/\1/p' "$work/$1".[0246] |
        awk '{ n += $1 } END { print n + 0 }'
}
serves() { # NAME: eight servers, with requests of its vcpus
    "$oriel" resources "$1" >"$work/resources"
    [ "$(grep -c '^    [0-9]\{2,\} requests' "$work/resources")" = 8 ] ||
        { head -n 40 "$work/resources"; false; }
}

handled() { # NAME: requests so far
    "$oriel" resources "$1" | awk '/^    [0-9]+ requests/ { n += $1 } END { print n + 0 }'
}
moves() { ended "$1" || [ "$(handled "$1")" -gt "$2" ]; }
# However long it takes: but there has to be progress.
ends() { until ended "$1"; do eventually moves "$1" "$(handled "$1")"; done; }

pages=$(free_pages) kib=$(dom0_kib)
check "a guest with $vcpus vcpus" start many "$rounds"
created=$(free_pages)
serve many
check "eight servers in four device models" eventually serves many
echo "# pages: the guest $((pages - created)), eight servers $((created - $(free_pages)))"
echo "# dom0: $((kib - $(dom0_kib))) KiB for four device models"
check "all its requests are answered" ends many
check "by the right server, to the right vcpu" test -z "$(state many | grep c)"
check "it is destroyed" "$oriel" destroy many
check "each device model had the requests of its servers only" all_served many
check "none is lost, none comes twice" \
    test "$(sum many)" = $((8 * vcpus * rounds))
check "nothing is lost" nothing_lost

# dom0 keeps the hypervisor's table of its event channels.
echo "# dom0's event channels: $((pages - $(free_pages))) pages"
pages=$(free_pages)
check "another one" start middle 1000000
serve middle
check "is served" eventually serves middle
check "is destroyed in the middle of its requests" "$oriel" destroy middle
check "its device models end" all_served middle
check "and had requests" test "$(sum middle)" -gt 0
kept() {
    now=$(free_pages)
    echo "$now free pages, $pages after the first"
    [ "$now" -ge "$pages" ]
}
check "as many pages are free as after the first" eventually kept
check "all pages and references are accounted for" nothing_lost
finish
