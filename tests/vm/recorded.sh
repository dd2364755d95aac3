# SPDX-License-Identifier: MIT
#
# sh recorded.sh xen|oriel PROGRAMS GUESTS clocks|interrupts
#
# A guest that tells on the hypervisor's console what its clocks, or interrupt
# controllers, do; vm-lib/as_on_xen.py compares that with what Xen's do.

hypervisor=$1 programs=$2 guests=$3 topic=$4
. "$(dirname "$0")/tap.sh"

config "$topic" "$topic" "$hypervisor"
run() {
    "$programs/oriel" create -F "$work/$topic.cfg" >"$work/run" 2>&1
    run_status=$?
    cat "$work/run"
    guest=$(sed -n 's/^.*\(d[0-9]*\) (.*): ended:.*/\1/p' "$work/run")
    return $run_status
}
as_recorded() {
    LD_LIBRARY_PATH='' xl dmesg 2>/dev/null | tr -d '\r' |
        sed -n "s/^($guest) //p" >"$work/lines"
    sed 1d "$(dirname "$0")/$topic.xen" | cmp -s - "$work/lines"
}
# QEMU now and then delivers an interrupt twice that Xen injected (docs/vm.md),
# which a guest that counts interrupts notices: once in some twenty runs on a busy
# host.  So Xen has three runs to be as it was.
run_on_xen() {
    for _ in 1 2 3; do
        run || return 1
        ! as_recorded || return 0
        echo "# not as recorded: $guest" >>"$work/again"
    done
}
case $hypervisor in
xen) check "it runs to its end" run_on_xen ;;
*)   check "it runs to its end" run ;;
esac
[ ! -e "$work/again" ] || cat "$work/again"
echo "## guest $topic $guest"

finish
