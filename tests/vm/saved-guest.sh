# SPDX-License-Identifier: MIT
#
# For scripts beside it that save and move the guest of save-guest.c under
# Debian's xl: its configuration, and what it tells of itself.  Needs tap.sh,
# guests.sh, and in / vmlinuz and save.cpio.

guest_args= # of save-guest.c
guest_memory=160
config() { # NAME
    cat >"/$1.cfg" <<END2
name = "$1"
type = "pvh"
kernel = "/vmlinuz"
ramdisk = "/save.cpio"
memory = $guest_memory
vcpus = 2
cmdline = "console=hvc0 loglevel=4 $linux_args $guest_args"
on_crash = "preserve"
END2
}

# ---- the guest's console ----

# The workers' lines of the next report, in $work/report.
reports=0 # of the guest, which counts them too
report() { # NAME
    reports=$((reports + 1))
    eventually type_line "$1" report
    eventually has "$1" "^guest: report $reports worker 1 "
    console "$1" | grep "^guest: report $reports worker" >"$work/report"
    cat "$work/report"
}
# Two workers, all words as they were written, and time that went on.
well() { # NAME
    report "$1"
    [ "$(grep -c "bad 0 back 0$" "$work/report")" = 2 ]
}
written() { # WORKER, of the last report
    sed -n "s/^.* worker $1 written \([0-9]*\) .*/\1/p" "$work/report"
}
goes_on() { # NAME: more pages were written than at the last report
    before0=$(written 0) before1=$(written 1)
    well "$1" && [ "$(written 0)" -ge "$before0" ] &&
        [ "$(written 1)" -ge "$before1" ] &&
        [ $(($(written 0) + $(written 1))) -gt $((before0 + before1)) ]
}

runs() { # NAME: the only domain beside dom0, neither paused nor shut down
    xl list | awk -v name="$1" 'NR > 2 { n++; if ($1 == name &&
        $5 !~ /[psd]/) good++ } END { exit !(n == 1 && good == 1) }'
}

create() { # NAME
    reports=0
    rm -f "$log/guest-$1.log"
    config "$1"
    check "$1: create" xl create -q "/$1.cfg"
    eventually has "$1" "^guest: ready"
    check "$1: two vcpus" has "$1" "^guest: 2 vcpus"
    check "$1: its memory is right" well "$1"
}

# dom0 keeps a few pages for the first guest that it has: tables of its p2m.
first_one() {
    config first
    check "a first guest" xl create -q /first.cfg
    eventually has first "^guest: ready"
    check "which is destroyed" xl destroy first
    eventually alone
}

# Debian's xl moves g to the server of migrate.sh at ADDRESS: all it says, and its
# rounds of copying, each line behind the seconds since this machine's start.
send_to() { # ADDRESS
    xl_also=/rounds.so
    { xl -vvv migrate -s "" g "nc $1 6000" 2>&1; echo "status $?"; } |
        while IFS= read -r line; do
            read -r up rest </proc/uptime
            echo "$up $line"
        done
}
