# SPDX-License-Identifier: MIT
#
# For the scripts beside it to source, from the top folder, after tap.sh: clean
# copies of Debian 12 in build/chroot, made by debootstrap, with its security
# updates.  Needs root and Debian's mirror (MIRROR=URL names another: URL/debian
# and URL/debian-security).

mirror=${MIRROR-http://deb.debian.org}
chroots=$PWD/build/chroot
[ "$(id -u)" = 0 ] || {
    echo "Bail out! debootstrap and chroot need root"
    exit 1
}

chroot_base() { # make what is copied, once: two tests
    local base=$chroots/base
    mkdir -p "$chroots"
    if [ ! -e "$base/etc/debian_version" ]; then
        rm -rf "$base.new"
        debootstrap --variant=minbase bookworm "$base.new" \
            "$mirror/debian" \
            >"$chroots/debootstrap.log" 2>&1 && mv "$base.new" "$base"
    fi
    [ -e "$base/etc/debian_version" ]
    verdict $? "a clean Debian 12" "$chroots/debootstrap.log"
    # As a container has them.
    cp /etc/resolv.conf "$base/etc/"
    printf 'deb %s main\n' "$mirror/debian bookworm" \
        "$mirror/debian bookworm-updates" \
        "$mirror/debian-security bookworm-security" \
        >"$base/etc/apt/sources.list"
    grep -qE 'VERSION_ID="12"' "$base/etc/os-release"
    verdict $? "image debian:12"
}
chroot_copy() { # NAME [FROM]
    rm -rf "${chroots:?}/$1"
    cp -a --reflink=auto "$chroots/${2-base}" "$chroots/$1"
}

# inside NAME FOLDER SHELL COMMAND: in namespaces of its own, which end with it.
inside() {
    # shellcheck disable=SC2016 # for the shell in there
    env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root CI=true \
        unshare --mount --pid --fork --kill-child bash -c '
        mount -t proc proc "$1/proc" && mount --rbind /dev "$1/dev" &&
        exec chroot "$1" "$3" -c "cd $2 && $4"' \
        - "$chroots/$1" "$2" "$3" "$4" </dev/null
}
