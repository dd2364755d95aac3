# SPDX-License-Identifier: MIT
#
# sh clocks.sh xen|oriel PROGRAMS GUESTS
#
# The guest "clocks", which tells on the hypervisor's console what its clocks
# do; vm-lib/as_on_xen.py compares that with what Xen's do.

hypervisor=$1 programs=$2 guests=$3
. "$(dirname "$0")/tap.sh"

config clocks clocks "$hypervisor"
check "it runs to its end" "$programs/oriel" create -F "$work/clocks.cfg"
echo "## guest clocks $(sed -n 's/^.*\(d[0-9]*\) (.*): ended:.*/\1/p' \
    "$work/said")"

finish
