# SPDX-License-Identifier: MIT
#
# sh fuzz.sh PROGRAMS GUESTS NUMBER SEED
#
# The guest "fuzz" so many times, each time with another seed; then whether the
# machine is as it was.  TAP.  Each ends after a number of operations, if it
# does not happen to end before; one that hangs itself, or that the host is too
# busy for, is destroyed, which is no verdict.  When almost all are, the script
# ends as a timeout.  What was done the guests say on the hypervisor's console.

programs=$1 guests=$2 last=$(($3 + $4 - 1)) seed=$4
. "$(dirname "$0")/tap.sh"
ended=0 hung=0 odd=0
operations=12000
# Guests lose their way often: each then takes as long.
patience=$(($(limit WAIT) / 5)) # no verdict

state() { "$programs/oriel" list fuzz | awk 'NR == 2 { print $5 }'; }
is_over() { state | grep -q '[sc]'; }
one() { # SEED
    config fuzz fuzz "seed=$1 ops=$operations" 3
    if ! "$programs/oriel" create -q -u "$work/uart" "$work/fuzz.cfg" \
        >"$work/said" 2>&1
    then
        odd=$((odd + 1))
        echo "# seed $1:"
        sed 's/^/# /' "$work/said"
        return
    fi
    give_up=$(($(date +%s) + patience)) # no verdict
    until is_over || [ "$(date +%s)" -gt $give_up ]; do # no verdict
        sleep 1 # then look again
    done
    if is_over; then
        ended=$((ended + 1))
    else
        echo "# seed $1 has not ended within $patience s"
        hung=$((hung + 1))
    fi
    "$programs/oriel" destroy fuzz || odd=$((odd + 1))
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
few() { [ $ended -lt 2 ] && [ $((hung + odd)) -lt 8 ]; }
while [ "$seed" -lt "$last" ] || few; do
    seed=$((seed + 1))
    one $seed
done
echo "# $ended guests ended, $hung hung, last seed $seed"
check "each was created and destroyed" test $odd = 0
[ $odd != 0 ] || [ $ended -gt 1 ] || late "$hung guests, one after the other"
check "all pages are back" same_pages
check "all pages and references are accounted for" nothing_lost
config hello hello ""
check "a guest runs as ever" "$programs/oriel" create -F "$work/hello.cfg"
cp "$work/said" "$work/hello"
check "it wrote to its serial port" grep "hello, serial port" "$work/hello"

finish
