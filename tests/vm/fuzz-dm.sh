# SPDX-License-Identifier: MIT
#
# sh fuzz-dm.sh PROGRAMS GUESTS ROUNDS SEED
#
# Hostile device models of a guest that accesses devices all the time: a program
# in dom0 and a stub domain, so many rounds, each with another seed.  Meanwhile
# another guest is served as ever; afterwards the machine is as it was.  TAP.
# What is done is a number of operations; what it was the programs say.

programs=$1 guests=$2 rounds=$3 seed=$4
oriel=$programs/oriel
. "$(dirname "$0")/tap.sh"
operations=1000 stub_operations=1500

listed() { "$oriel" list "$1" >/dev/null 2>&1; }
id_of() { "$oriel" list "$1" | awk 'NR == 2 { print $2 }'; }
has_ended() { ! listed "$1" || "$oriel" list "$1" | awk 'NR == 2 { print $5 }' | grep -q "[sc]"; }
# The hostile device model may have destroyed it, and it ends while we look.
end_of() { ! listed "$1" || "$oriel" destroy "$1" || ! listed "$1"; }
requests() { wc -l <"$work/bystander.trace"; }
more_than() { [ "$(requests)" -gt "$1" ]; }
served() { eventually more_than $(($(requests) + 20)); }

# A round is all right when both have done their operations, and a stub domain
# that cannot go on, since its target's program was overwritten, is no fault.
one() { # SEED
    config target traffic "seed=$1" 2
    "$oriel" create -q -u "$work/uart" "$work/target.cfg" || return 1
    target=$(id_of target)
    config stub stub "target=$target seed=$1 ops=$stub_operations"
    "$oriel" create -q -p -n "$work/stub.cfg" || return 1
    "$programs/set-target" "$(id_of stub)" "$target" || return 1
    "$oriel" unpause stub || return 1
    timeout "$(limit PROGRAM)" "$programs/hostile-dm" "$target" "$1" \
        $operations >"$work/hostile" 2>&1 || {
        was_ended $? && late "hostile-dm with seed $1"
        cat "$work/hostile"
        return 1
    }
    sed -n 's/^# hostile: /# '"seed $1: /p" "$work/hostile" >&3
    eventually has_ended stub
    end_of stub && end_of target
}
all() {
    for i in $(seq "$seed" $((seed + rounds - 1))); do
        one "$i" || { echo "seed $i"; return 1; }
        nothing_lost >/dev/null || { echo "seed $i"; return 1; }
    done
}
# The heap keeps the frames of its fullest moment, and no two rounds are the same,
# since deaths and answers race: one more frame may be kept now and then.  What
# is lost is lost each time.
same_pages() {
    now=$("$programs/free-pages")
    [ "$now" -lt "$before" ] || return 0
    for _ in 1 2 3 4 5; do
        echo "# $now free pages, not $before: again" >&3
        all || return 1
        before=$now now=$("$programs/free-pages")
        [ "$now" -lt "$before" ] || return 0
    done
    echo "$now free pages, fewer each time"
    false
}

exec 3>&1
config bystander hello spin
check "a guest beside them" "$oriel" create -q \
    --trace "$work/bystander.trace" -u "$work/bystander.uart" \
    "$work/bystander.cfg"
check "it is served" served
check "the first device models" one "$seed"
: >"$work/bystander.trace" # its pages are the host's, too
before=$("$programs/free-pages")
check "$rounds rounds of hostile device models" all
check "all pages are back" same_pages
check "all pages and references are accounted for" nothing_lost
check "the guest beside them is served as before" served
check "it runs" no has_ended bystander
check "it is destroyed" "$oriel" destroy bystander
config hello hello ""
check "a guest runs as ever" "$oriel" create -F "$work/hello.cfg"
cp "$work/said" "$work/hello"
check "it wrote to its serial port" grep "hello, serial port" "$work/hello"

finish
