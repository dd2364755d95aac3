# SPDX-License-Identifier: MIT
#
# sh fuzz.sh PROGRAMS GUESTS NUMBER SEED
#
# The guest "fuzz" so many times, each time with another seed; then whether the
# machine is as it was.  TAP.  Each ends after a number of operations, if it
# does not happen to end before; one that hangs itself is destroyed.  What was
# done the guests say on the hypervisor's console.

programs=$1 guests=$2 last=$(($3 + $4 - 1)) seed=$4
. "$(dirname "$0")/tap.sh"
ended=0 hung=0 odd=0
operations=12000
# A guest may have lost its way, which is its own affair and no verdict.
patience=$(($(limit WAIT) / 5))

one() { # SEED
    config fuzz fuzz "seed=$1 ops=$operations" 3
    timeout $patience "$programs/oriel" create -F -u "$work/uart" \
        "$work/fuzz.cfg" >"$work/said" 2>&1
    if grep -q 'ended: ' "$work/said"; then
        ended=$((ended + 1))
    elif grep -q 'interrupted: ' "$work/said"; then
        echo "# seed $1 hangs"
        hung=$((hung + 1))
    else
        odd=$((odd + 1))
        echo "# seed $1:"
        sed 's/^/# /' "$work/said"
    fi
    ! "$programs/oriel" list fuzz >/dev/null 2>&1 ||
        "$programs/oriel" destroy fuzz
}
# The hypervisor's heap keeps a frame for each size of objects, once it had one
# more: then the same guests again take no more than that.
same_pages() {
    now=$("$programs/free-pages")
    [ "$now" -lt "$before" ] || return 0
    for _ in 1 2 3 4 5; do
        echo "# $now free pages, not $before: again"
        for again in $(seq "$first" $((first + 3))); do
            one "$again"
        done
        before=$now now=$("$programs/free-pages")
        [ "$now" -lt "$before" ] || return 0
    done
    echo "$now free pages, fewer each time"
    false
}

first=$seed
one "$seed" # what is kept is kept by now
before=$("$programs/free-pages")
while [ "$seed" -lt "$last" ] || { [ $ended -lt 2 ] && [ $hung -lt 8 ]; }
do
    seed=$((seed + 1))
    one $seed
done
echo "# $ended guests ended, $hung hung, last seed $seed"
check "some ended" test $ended -gt 1
check "each could be told what became of it" test $odd = 0
check "all pages are back" same_pages
check "all pages and references are accounted for" nothing_lost
config hello hello ""
check "a guest runs as ever" "$programs/oriel" create -F "$work/hello.cfg"
cp "$work/said" "$work/hello"
check "it wrote to its serial port" grep "hello, serial port" "$work/hello"

finish
