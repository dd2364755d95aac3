# SPDX-License-Identifier: MIT
#
# For the scripts beside it to source, from the top folder, after tap.sh: the
# folders of docs/examples that are tests of their own, as a stranger uses them:
# copied, and "make check" in the copy.  Each has to be green; and red, for the
# reason that is meant, when a line of it was changed.

folders="device-model-test toolstack-test kernel-test"

# FOLDER | file | what sed changes | the test that fails then
breaks="device-model-test | test-dm.c | s/vp_eport != 0/vp_eport == 0/ | vcpu 0 has a port
device-model-test | test_dm.py | s/nobody, 0, 1)\[0\], errno.ENOENT/nobody, 0, 1)[0], errno.EPERM/ | an id that no server has: ENOENT
toolstack-test | test-xl | s/ xl destroy guest\$/ true/ | no domain is left
kernel-test | kernel.c | s/\"good bye/\"good night/ | xl: what it said
kernel-test | kernel.c | s/\"ud2\"/\"nop\"/ | oriel-crash: the crash is seen"

# A fresh copy without what was built in it.
folder_copy() { # PLACE FOLDER
    rm -rf "${1:?}/$2"
    cp -r "docs/examples/$2" "$1/$2" && rm -rf "$1/$2/build"
}
# folder_runs RUN FOLDER FILE: its status; FILE gets what it prints.
folder_runs() {
    local rc
    "$1" "$2" >"$3" 2>&1 </dev/null
    rc=$?
    ! grep -qE '^(# )?.* hung(, and was ended after| for) [0-9]+ s$' "$3" || late "$2"
    return $rc
}
# There is a plan, as TAP has it, and no warning of a compiler.
folder_prints() { grep -qE '^1\.\.[1-9]' "$1" && ! grep -q 'warning: ' "$1"; }

# folders_tested PLACE LOG RUN: copies are made in PLACE; "RUN FOLDER" runs
# "make check" in that copy.
folders_tested() {
    local folder of file change test
    for folder in $folders; do
        folder_copy "$1" "$folder"
        folder_runs "$3" "$folder" "$2" && folder_prints "$2"
        verdict $? "$folder: green" "$2"
    done
    while IFS='|' read -r of file change test; do
        of=${of% } file=${file# } file=${file% } change=${change# }
        change=${change% } test=${test# }
        folder_copy "$1" "$of"
        sed -i "$change" "$1/$of/$file"
        ! cmp -s "docs/examples/$of/$file" "$1/$of/$file"
        verdict $? "$of: $file is changed"
        ! folder_runs "$3" "$of" "$2" && grep -q "^not ok [0-9]* - $test\$" "$2"
        verdict $? "$of: red: $test" "$2"
    done <<<"$breaks"
}
