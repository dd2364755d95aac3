# SPDX-License-Identifier: MIT
#
# sh two-dm.sh xen|oriel
#
# Two device models of one guest, as TAP, in dom0: Debian's xl creates the guest
# behind QEMU, its "firmware" is the image tests/guest/two-dm.c, and oriel-dm
# serves ports, memory and a PCI function beside QEMU.  Then each is killed in the
# middle of a request.

hypervisor=$1 programs=
. /tap.sh
# Only the functions.
sed '/^hypervisor=/,$d' /jobs.sh >"$work/jobs-functions"
. "$work/jobs-functions"

ours() { LD_LIBRARY_PATH=/lib-dir "$@"; }
on_console() { # TEXT: a line of the guest's
    xl dmesg | tr -d '\r' | grep "(d$id) $1"
}
qemu_pid() { xenstore read "/local/domain/$id/image/device-model-pid"; }
resources() { ours oriel resources "$id" >"$work/resources"; }
server() { sed -n "/ioreq server $1:/,/^  [^ ]/p" "$work/resources"; }
show() { sed 's/^/# resources: /' "$work/resources"; }
waits() { # SERVER VCPU: the vcpu's read is in this server's slot
    resources
    server "$1" | grep -E "^ +$2 +(ready|in process) +read +port " ||
        { cat "$work/resources"; false; }
}
size() { wc -c <"$1" 2>/dev/null || echo 0; }
grows() { # FILE: its device model serves
    before=$(size "$1")
    eventually larger "$1" "$before"
}
larger() { [ "$(size "$1")" -gt "$2" ]; }

start() { # NAME LINE...
    guest=$1 dm=''
    shift
    config "$guest" 2 'firmware_override = "/two-dm.elf"' 'vga = "stdvga"' "$@"
    rm -f "$guest.serial"
    xl create -p -q "$guest.cfg" || return 1
    id=$(xl domid "$guest") || return 1
    LD_LIBRARY_PATH=/lib-dir oriel-dm --devices block --pci 00:1e.0 \
        --trace "$work/$guest.trace" --ready-fd 5 "$id" 5>"$work/$guest.ready" &
    dm=$!
    eventually test -s "$work/$guest.ready"
    xl unpause "$guest"
}
as_expected() {
    xl dmesg | tr -d '\r' | sed -n "s/^.*(d$id) //p" >"$work/said.by"
    diff /two-dm.lines "$work/said.by"
}
# kill returns before the threads stop: until then they answer.
stop() { # PID
    kill -STOP "$1"
    while grep -hs '^State:' "/proc/$1"/task/*/status | grep -qv '[TZX] ('; do
        sleep 0.1 # then look again
    done
}
# Stopped with a read to answer, and so much in the ring?  Else the device model
# goes on.
caught() { # PID SERVER VCPU RING
    stop "$1"
    waits "$2" "$3" && server "$2" | grep "ring: .*: $4 of 511 pending" ||
        { kill -CONT "$1"; return 1; }
}
kill_in_mid_request() { # PID SERVER VCPU RING
    eventually caught "$@"
    kill -KILL "$1"
}
hears_ones() { # WHO SERVER VCPU
    if [ "$hypervisor" = oriel ]; then
        eventually on_console "$1 answers ones"
    else
        # Nobody answers: the request stays where it is.
        waits "$2" "$3"
    fi
}
ends_clean() { # what xl destroys is gone, and every page has come back
    xl destroy "$guest" || return 1
    eventually is_gone "$guest" # a killed QEMU's mappings go with its process
    [ -z "$dm" ] || wait "$dm"
    [ "$hypervisor" != oriel ] || nothing_lost
}
alone() { [ "$(xl list | wc -l)" = 2 ]; } # with the line of names
has_pages() { # the guest has 65536; Xen's own heap may keep a few
    free=$(free-pages)
    echo "$free pages are free, once it was $1"
    [ "$hypervisor" = oriel ] || free=$((free + 64))
    [ "$free" -ge "$1" ]
}

start_daemons
[ "$hypervisor" = oriel ] || echo "# differs: gone"

# ---- each serves its own ----

check "a guest behind QEMU and oriel-dm" start first \
    'device_model_args_hvm = [ "-trace", "handle_ioreq" ]'
eventually on_console "both are in use"
check "what the guest sees of both" as_expected
sed 's/^/# guest: /' "$work/said.by"
check "QEMU serves" grows first.serial
check "oriel-dm serves" grows "$work/first.trace"
log=/var/log/xen/qemu-dm-first.log
requests() { # LOG ADDRESS: QEMU's, of configuration space function << 32 | register
    grep -E "^handle_ioreq .* port=0x($2) " "$1"
}
check "QEMU's log has its port" requests $log 3ff
grep -m 3 handle_ioreq $log | sed 's/^/# QEMU: /'
check "and nothing of oriel-dm's" no requests $log \
    '50.|c30.|f1000...|f300....|f0000000..'
check "oriel-dm's log has its ports, memory and configuration space" sh -c \
    "for n in block pci bar0 bar1; do grep -q \" \$n \" $work/first.trace || exit; done"
check "and nothing else" no grep -vE ' (block|pci|bar0|bar1) ' \
    "$work/first.trace"
resources
show
claims() { # TEXT: one server claims it, or the hypervisor does not tell
    grep -E "$1|claims: not told by this hypervisor" "$work/resources"
}
[ "$hypervisor" = oriel ] || echo "# differs: ioreq-list"
check "resources: QEMU's ports" claims ' 0x3f1-0x3ff$'
check "resources: QEMU's PCI functions" claims '^ +pci +00:00.0 00:01.0-00:01.1 '
check "resources: oriel-dm's ports" claims '^ +ports +0x500-0x50f 0xc300-0xc30f$'
check "resources: its memory" claims \
    '^ +memory +0xf1000000-0xf1000fff 0xf3000000-0xf3000fff$'
check "resources: its PCI function" claims '^ +pci +00:1e.0$'

# ---- oriel-dm is killed ----

check "oriel-dm is killed in the middle of a request" \
    kill_in_mid_request "$dm" 1 0 0
check "what it would have answered" hears_ones oriel-dm 1 0
check "QEMU goes on serving" grows first.serial
check "destroy: nothing is left" ends_clean
eventually alone
pages=$(free-pages)
echo "# $pages pages are free"

# ---- QEMU is killed ----

check "another guest" start second
eventually on_console "both are in use"
check "QEMU is killed in the middle of a request, behind buffered writes" \
    kill_in_mid_request "$(qemu_pid)" 0 1 '[1-9][0-9]*'
show
check "what it would have answered" hears_ones QEMU 0 1
check "oriel-dm goes on serving" grows "$work/second.trace"
check "destroy: nothing is left" ends_clean
check "every page has come back" eventually has_pages "$pages"

# ---- both, and the guest ends by itself ----

if [ "$hypervisor" = oriel ]; then
    check "a third guest" start third
    eventually on_console "both are in use"
    check "both are killed" kill -KILL "$dm" "$(qemu_pid)"
    check "the guest switches itself off" eventually is_gone third
    check "nothing is left" nothing_lost
    check "every page has come back" eventually has_pages "$pages"
fi

# ---- QEMU alone, for a guest that oriel created ----

# xl would take the same configuration.
cat >"$work/hello.cfg" <<END
name = "hello"
type = "hvm"
memory = 64
firmware_override = "/hello.elf"
END
check "oriel creates a guest behind QEMU" \
    ours oriel create -F -d /qemu-dm "$work/hello.cfg"
cp "$work/said" "$work/hello.said"
check "which has QEMU's serial port" grep "hello, serial port" \
    "$work/hello.said"
if [ "$hypervisor" = oriel ]; then
    check "nothing is left of the guest" nothing_lost
fi
check "its pages have come back" eventually has_pages "$pages"
finish
