# SPDX-License-Identifier: MIT
#
# For scripts beside it, after guests.sh: our own PV guests, tests/guest/pv.

own_guest() { # NAME IMAGE CMDLINE VCPUS
    cat >"/$1.cfg" <<END
name = "$1"
type = "pv"
kernel = "/$2.elf"
memory = 16
vcpus = $4
cmdline = "$3"
on_crash = "destroy"
END
    xl create -q "/$1.cfg"
}

# The guest tells what it is answered, between two marks for tests/vm/pv.  On Xen
# it does not go away, since it had given back pages that were still mapped.
contract_ended() { has contract "^end$" || alone; }
contract() {
    check "pv-contract: create" own_guest contract pv-contract "" 2
    eventually contract_ended
    echo "## begin contract"
    console contract
    echo "## end contract"
}
