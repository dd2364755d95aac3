# SPDX-License-Identifier: MIT
#
# In dom0 of Debian's Xen, as TAP: the guest pv-contract alone.

programs=
. /tap.sh
. /guests.sh
. /pv-guests.sh

start_daemons
contract
finish
