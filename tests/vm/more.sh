# SPDX-License-Identifier: MIT
#
# sh more.sh PROGRAMS GUESTS CYCLES
#
# Many guests in dom0: three at once, each with its device model, one of which
# dies in the middle of a request; then one after the other, until the host has
# as many free pages as after the first.  The hypervisor counts again who holds
# each page.  TAP.

programs=$1 guests=$2 cycles=$3
oriel=$programs/oriel
. "$(dirname "$0")/tap.sh"

state() { "$oriel" list "$1" | awk 'NR == 2 { print $5 }'; }
ended() { state "$1" | grep s; }
runs() { ! ended "$1" && "$oriel" list "$1"; }
requests() { wc -l <"$work/$1.trace"; }
more_than() { [ "$(requests "$1")" -gt "$2" ]; }
goes_on() { # NAME: more requests are served than before
    eventually more_than "$1" $(($(requests "$1") + 20))
}
model_of() { # NAME: the process that writes its trace
    for p in /proc/[0-9]*; do
        tr '\0' ' ' <"$p/cmdline" 2>/dev/null | grep -q "oriel-dm.*$work/$1" &&
            echo "${p#/proc/}"
    done
}
free_pages() { "$programs/free-pages"; }

# ---- three at once ----

for g in a b c; do
    config $g hello spin
    check "guest $g" "$oriel" create -q --trace "$work/$g.trace" \
        --uart "$work/$g.uart" "$work/$g.cfg"
done
for g in a b c; do
    check "guest $g is served" goes_on $g
done
pid=$(model_of b)
check "the device model of b" test -n "$pid"
check "it is killed" kill -9 "$pid"
check "b hears ones and ends" eventually ended b
for g in a c; do
    check "guest $g is served as before" goes_on $g
    check "guest $g runs" runs $g
done
check "with these nothing is lost" nothing_lost
for g in a b c; do
    check "destroy $g" "$oriel" destroy $g
done
check "all have gone" test "$("$oriel" list | wc -l)" = 2

# ---- one after the other ----

one() { "$oriel" create -F -q -u "$work/uart" "$work/one.cfg"; }
all() {
    for i in $(seq "$cycles"); do
        one || { echo "guest $i"; return 1; }
        [ $((i % 100)) != 0 ] || echo "# $i guests, $(free_pages) pages" >&3
    done
}
kept() {
    now=$(free_pages)
    echo "$now free pages, $pages after the first"
    [ "$now" -ge "$pages" ]
}
exec 3>&1
config one hello ""
check "a guest from beginning to end" one
pages=$(free_pages)
check "$cycles more" all
check "no page is lost" kept
check "all pages and references are accounted for" nothing_lost

finish
