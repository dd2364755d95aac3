/* SPDX-License-Identifier: MIT */
/*
 * What programs find of dom0's kernel: files that stand for those in /dev/xen,
 * /proc/xen, /sys/hypervisor and /sys/bus/xen-backend.  Those that are no texts
 * are empty: the preload library opens them by a request.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <xen/features.h>
#include <xen/version.h>
#include <xen/xen.h>

#include "server.h"

#define DEV "root/dev/xen/"
#define PROC "root/proc/xen/"
#define SYS "root/sys/hypervisor/"

static int make_devices(void)
{
    static const char *const name[] = {
        DEV "privcmd", DEV "hypercall", DEV "evtchn", DEV "gntdev",
        DEV "gntalloc", DEV "xenbus", DEV "xenbus_backend", PROC "privcmd",
        PROC "xenbus", PROC "xsd_kva",
    };
    int rc = 0;

    for ( size_t i = 0; !rc && i < sizeof(name) / sizeof(name[0]); i++ )
        rc = life_make_file(name[i], "", 0600);
    return rc;
}

static long version(unsigned int cmd, void *arg)
{
    return kernel_hypercall(__HYPERVISOR_xen_version, cmd, (uintptr_t)arg, 0);
}

static int make_text(const char *name, const char *text)
{
    char path[64], line[1100];

    snprintf(path, sizeof(path), SYS "%s", name);
    snprintf(line, sizeof(line), "%s\n", text);
    return life_make_file(path, line, 0444);
}

static int make_number(const char *name, const char *format, unsigned long nr)
{
    char text[32];

    snprintf(text, sizeof(text), format, nr);
    return make_text(name, text);
}

static int make_version(void)
{
    unsigned long v = (unsigned long)version(XENVER_version, NULL);
    char extra[XEN_EXTRAVERSION_LEN] = "";
    int rc = make_number("version/major", "%lu", v >> 16);

    version(XENVER_extraversion, extra);
    if ( !rc )
        rc = make_number("version/minor", "%lu", v & 0xffff);
    return rc ? rc : make_text("version/extra", extra);
}

static int make_compilation(void)
{
    struct xen_compile_info info = { 0 };
    int rc;

    version(XENVER_compile_info, &info);
    rc = make_text("compilation/compiler", info.compiler);
    if ( !rc )
        rc = make_text("compilation/compiled_by", info.compile_by);
    return rc ? rc : make_text("compilation/compile_date", info.compile_date);
}

static int make_properties(void)
{
    struct xen_feature_info features = { 0 };
    struct xen_platform_parameters parameters = { 0 };
    xen_capabilities_info_t capabilities = "";
    xen_changeset_info_t changeset = "";
    int rc;

    version(XENVER_capabilities, capabilities);
    rc = make_text("properties/capabilities", capabilities);
    version(XENVER_changeset, changeset);
    if ( !rc )
        rc = make_text("properties/changeset", changeset);
    version(XENVER_platform_parameters, &parameters);
    if ( !rc )
        rc = make_number("properties/virtual_start", "%lx",
                         parameters.virt_start);
    if ( !rc )
        rc = make_number("properties/pagesize", "%lx",
                         (unsigned long)version(XENVER_pagesize, NULL));
    version(XENVER_get_features, &features);
    return rc ? rc : make_number("properties/features", "%08lx",
                                 features.submap);
}

/*
 * dom0 is a PV domain for its programs: it names memory by machine frames.  There
 * is no properties/buildid, as a process has none.
 */
static int make_sys(void)
{
    unsigned char handle[16] = { 0 };
    char text[40] = "";
    int rc = make_text("type", "xen"), len = 0;

    version(XENVER_guest_handle, handle);
    for ( unsigned int i = 0; i < 16; i++ )
        len += snprintf(text + len, 4, i == 4 || i == 6 || i == 8 || i == 10
                                           ? "-%02x" : "%02x", handle[i]);
    if ( !rc )
        rc = make_text("guest_type", "PV");
    if ( !rc )
        rc = make_text("uuid", text);
    if ( !rc )
        rc = make_version();
    if ( !rc )
        rc = make_compilation();
    if ( !rc )
        rc = make_properties();
    return rc;
}

static int open_folder(const char *path, const struct stat *st, int type,
                       struct FTW *ftw)
{
    (void)st, (void)ftw;
    return type == FTW_D ? chmod(path, 0755) : 0;
}

/* Anybody may look into them, as on Linux: the run's own folder is the user's. */
static int open_folders(void)
{
    static const char *const top[] = { "dev", "proc", "sys" };
    char path[PATH_MAX + 16];

    for ( unsigned int i = 0; i < sizeof(top) / sizeof(top[0]); i++ )
    {
        snprintf(path, sizeof(path), "%s/%s", life_root(), top[i]);
        if ( nftw(path, open_folder, 8, FTW_PHYS) )
            return -errno;
    }
    return 0;
}

int kernel_files_make(void)
{
    char port[16];
    int rc = make_devices();

    snprintf(port, sizeof(port), "%u", xenstore_port());
    if ( !rc )
        rc = life_make_file(PROC "xsd_port", port, 0600);
    if ( !rc )
        rc = life_make_file(PROC "capabilities", "control_d\n", 0444);
    if ( !rc ) /* no back end is in dom0's kernel */
        rc = life_make_file("root/sys/bus/xen-backend/devices/", NULL, 0);
    if ( !rc )
        rc = make_sys();
    return rc ? rc : open_folders();
}
