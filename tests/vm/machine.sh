# SPDX-License-Identifier: MIT
#
# sh machine.sh xen|oriel PROGRAMS GUESTS KEEP-DM
#
# The guest "machine" on real virtualisation, on Xen and on Oriel, with each of
# the ends that it knows, and the guest "insn", as TAP.  What they check they say on the
# hypervisor's console; "## guest NAME dN" tells which lines are whose.

hypervisor=$1 programs=$2 guests=$3 keep=$4
. "$(dirname "$0")/tap.sh"

ends() { # NAME HOW STATUS
    config "$1" machine "end=$2 $hypervisor" 2
    timeout "$(limit WAIT)" "$programs/oriel" create -F "$work/$1.cfg" >"$work/said" 2>&1
    rc=$?
    number=$((number + 1))
    if [ $rc = "$3" ]; then
        echo "ok $number - $1"
    else
        echo "not ok $number - $1: status $rc"
        sed 's/^/# /' "$work/said"
        failed=$((failed + 1))
        "$programs/oriel" destroy "$1"
        ! was_ended $rc || exit 124
    fi
    echo "## guest $1 $(sed -n 's/^.*\(d[0-9]*\) (.*): ended:.*/\1/p' \
        "$work/said")"
}
ends machine 0 0
if [ "$hypervisor" = oriel ]; then
    echo "# differs: triple-fault"
    ends triple-fault 1 1
    # At once; Xen looks for the access in the instruction first.
    ends no-stack 4 1
else
    ends triple-fault 1 0
    ends no-stack 4 0
fi
ends no-memory 2 1
ends halted 3 0

config insn insn ""
check "insn" "$programs/oriel" create -F -d "$keep" "$work/insn.cfg"
echo "## guest insn $(sed -n 's/^.*\(d[0-9]*\) (.*): ended:.*/\1/p' "$work/said")"

finish
