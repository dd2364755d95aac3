# SPDX-License-Identifier: MIT
#
# sh processor.sh xen|oriel PROGRAMS GUESTS
#
# The guest "processor", which tells on the hypervisor's console what its
# processor is; vm-lib/processor.py compares that with what Xen's guest has.

hypervisor=$1 programs=$2 guests=$3
. "$(dirname "$0")/tap.sh"

config processor processor "dump $hypervisor"
check "it runs to its end" "$programs/oriel" create -F "$work/processor.cfg"
echo "## guest processor $(sed -n 's/^.*\(d[0-9]*\) (.*): ended:.*/\1/p' \
    "$work/said")"

finish
