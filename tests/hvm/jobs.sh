#!/bin/sh
# SPDX-License-Identifier: MIT
#
# jobs.sh HYPERVISOR [JOB]...: HVM guests under Debian's xl and QEMU, in dom0.  Each job
# prints what scripts/check-hvm judges:
#
#   ## job NAME               then the guest's lines
#   ## screen JOB-NAME        then what the screen shows; the picture follows as
#   ## picture JOB-NAME       gzip, base64, until ## end
#   ## done NAME STATUS       0; 124 when the guest took too long
#
# Logs of xl, QEMU and the guests' serial ports stay in /var/log/xen and /hvm.

cd /hvm || exit 1
. /limits
xl=/usr/lib/xen-4.17/bin/xl
# A process of dom0 that dies under QEMU's emulation (docs/vm.md) starts again.
xl() {
    xl_tries=5 xl_status=0 xl_preload=
    [ "$1" != create ] || xl_preload=/patient-xl.so
    while [ $xl_tries != 0 ]; do
        LD_PRELOAD=$xl_preload "$xl" "$@"
        xl_status=$?
        [ $xl_status -ge 128 ] || break
        xl_tries=$((xl_tries - 1))
    done
    return $xl_status
}

# False when the limit is reached; then the job ends.
await() { # WHAT COMMAND...
    what=$1
    shift
    give_up=$(($(date +%s) + PROGRAM_LIMIT * ${TIMEOUT_SCALE:-1}))
    until "$@" >/dev/null 2>&1; do
        if [ "$(date +%s)" -gt $give_up ]; then
            echo "timeout: $what"
            return 124
        fi
        sleep 1 # then look again
    done
    return 0
}

start_daemons() {
    while read -r m; do
        insmod "/lib/modules/$m" || echo "no module $m"
    done </lib/modules/for-guests
    mkdir -p /var/run/xen /var/log/xen /dev/net
    [ -e /dev/net/tun ] || mknod /dev/net/tun c 10 200
    export LD_LIBRARY_PATH=''
    xenstored --pid-file /run/xenstored.pid
    await xenstored test -S /run/xenstored/socket || exit 1
    xen-init-dom0 >/dev/null
    xenconsoled --pid-file /run/xenconsoled.pid --log=guest \
        --log-dir=/var/log/xen
}

config() { # NAME VCPUS LINE...
    config_name=$1
    cat >"$1.cfg" <<END
name = "$1"
type = "hvm"
memory = 256
vcpus = $2
serial = "file:/hvm/$1.serial"
vnc = 0
sdl = 0
usb = 0
acpi_s3 = 0
acpi_s4 = 0
on_crash = "destroy"
on_reboot = "destroy"
END
    shift 2
    for line in "$@"; do
        echo "$line" >>"$config_name.cfg"
    done
}
direct() { # SUFFIX
    echo "kernel = \"/hvm/vmlinuz$1\""
    echo "ramdisk = \"/hvm/initrd$1\""
    echo "cmdline = \"quiet loglevel=4 console=tty0 console=ttyS0,115200 $LINUX_ARGS hvm=direct\""
}
disk='disk = [ "format=raw,vdev=hda,access=rw,backendtype=qdisk,target=/hvm/disk.img" ]'
nic="vif = [ 'mac=00:16:3e:00:00:01,script=vif-oriel,model=e1000' ]"

# xl lists the domains, and neither this one nor one that has no name any more.
# (An xl that fails, as it does when QEMU's emulation is wrong, says nothing.)
is_gone() { # NAME
    listed=$(xl list) &&
        ! echo "$listed" | awk -v name="$1" \
            '$1 == name || $1 == "(null)" { there = 1 } END { exit !there }'
}
serial_has() { grep -qa "$2" "/hvm/$1.serial"; }

# What the screen shows, into JOB.ppm and JOB.screen.
look() { # JOB
    rm -f "$1.ppm"
    xl qemu-monitor-command "$1" "screendump /hvm/$1.ppm" >/dev/null
    screen /usr/share/seabios/vgabios-stdvga.bin "$1.ppm" >"$1.screen"
}
shows() { look "$1" && grep -q "$2" "$1.screen"; }
keep() { # JOB NAME
    echo "## screen $1-$2"
    cat "$1.screen"
    echo "## picture $1-$2"
    gzip -9 <"$1.ppm" | base64
    echo "## end"
}

# The guest runs to its own end.
run() { # JOB
    await "end of $1" is_gone "$1" &&
        guest_lines "$1" | grep -q "hvm: the end"
}
guest_lines() { tr -d '\r' <"/hvm/$1.serial" | grep -a '^hvm: '; }

begin() { # JOB
    echo "## job $1"
    rm -f "$1.serial"
    xl create -q "$1.cfg"
}
end() { # JOB STATUS
    [ "$2" = 0 ] || look "$1"
    if ! is_gone "$1" 2>/dev/null; then
        xl destroy "$1"
    fi
    guest_lines "$1"
    if [ "$2" != 0 ]; then
        echo "-- the screen:"
        cat "$1.screen"
        echo "-- the end of the serial port:"
        tail -n 40 "/hvm/$1.serial"
        for f in "/var/log/xen/xl-$1.log" "/var/log/xen/qemu-dm-$1.log"; do
            echo "-- $f"
            tail -n 20 "$f"
        done
    fi
    echo "## done $1 $2"
}
simple() { # JOB
    begin "$1" && run "$1"
    end "$1" $?
}

job_direct1() { config direct1 1 "$(direct)"; simple direct1; }
job_direct4() { config direct4 4 "$(direct)"; simple direct4; }
job_pae() { config pae 1 "$(direct -686)"; simple pae; }

menu() { # JOB KEY: GRUB's menu, photographed; the key boots an entry
    await "GRUB's menu" shows "$1" "memtest86+ " || return 1
    keep "$1" menu
    xl qemu-monitor-command "$1" "sendkey $2" >/dev/null
}
job_ide() {
    config ide 1 "$disk" 'boot = "c"'
    begin ide && menu ide i && run ide
    end ide $?
}
job_pv() {
    config pv 1 "$disk" "$nic" 'boot = "c"'
    begin pv && menu pv p && run pv
    end pv $?
}
job_memtest() {
    config memtest 1 "$disk" 'boot = "c"'
    begin memtest && menu memtest m &&
        await "memtest86+" shows memtest "Memtest86+ v" && keep memtest first
    end memtest $?
}
job_ipxe() {
    config ipxe 1 "$nic" 'boot = "n"'
    begin ipxe && await iPXE shows ipxe "Open Source Network Boot" &&
        keep ipxe first
    end ipxe $?
}

hypervisor=$1
shift
start_daemons
for job in ${*:-direct1 direct4 pae ide pv memtest ipxe}; do
    "job_$job"
done
if [ "$hypervisor" = oriel ]; then
    press-key f | sed 's/^/## /'
fi
