# SPDX-License-Identifier: MIT
#
# sh interrupts.sh xen|oriel PROGRAMS GUESTS
#
# The guest "interrupts", which tells on the hypervisor's console what its
# interrupt controllers do; vm-lib/as_on_xen.py compares that with what Xen's do.

hypervisor=$1 programs=$2 guests=$3
. "$(dirname "$0")/tap.sh"

config interrupts interrupts "$hypervisor"
check "it runs to its end" "$programs/oriel" create -F "$work/interrupts.cfg"
echo "## guest interrupts $(sed -n 's/^.*\(d[0-9]*\) (.*): ended:.*/\1/p' \
    "$work/said")"

finish
