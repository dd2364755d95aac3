# SPDX-License-Identifier: MIT
#
# Everything that scripts/check-xen wants from one boot, in dom0.  Each program
# runs between "## begin NAME LIBRARIES" and "## end STATUS"; one that does not
# end is killed, and the next one starts all the same.
#
# sh all.sh XEN|ORIEL BOTH OURS: programs for both sets of libraries, for ours.

. "$(dirname "$0")/tap.sh"
one() { # NAME LIBRARIES COMMAND...
    echo "## begin $1 $2"
    shift
    case $1 in
    our)      export LD_LIBRARY_PATH=/lib-dir ;;
    Debian\'s) unset LD_LIBRARY_PATH ;;
    esac
    shift
    timeout -k 5 "$(limit PROGRAM)" "$@" </dev/null 2>&1
    status=$?
    ! was_ended $status || status=124
    echo "## end $status"
}

hypervisor=$1
for libraries in our "Debian's"; do
    for program in test-resource test-paging-mempool $2; do
        one "$program" "$libraries" "$program"
    done
done
for program in $3; do
    one "$program" our "$program"
done
one guest.sh our sh /guest.sh "$hypervisor" / / /keep-dm
one interrupts our sh /recorded.sh "$hypervisor" / / interrupts
one machine.sh our sh /machine.sh "$hypervisor" / / /keep-dm
one processor.sh our sh /processor.sh "$hypervisor" / /
# On Xen in QEMU the PAT that a guest writes is what later guests find.
one clocks our sh /recorded.sh "$hypervisor" / / clocks
one clients.sh our sh /clients.sh / / /vchan start
