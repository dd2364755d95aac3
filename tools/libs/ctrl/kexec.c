/* SPDX-License-Identifier: MIT */
/*
 * kexec: another kernel, at once or after a crash.
 */
#include "private.h"

int xc_kexec_exec(xc_interface *xch, int type)
{
    xen_kexec_exec_t arg = { .type = type };

    return do_kexec_op(xch, KEXEC_CMD_kexec, &arg, sizeof(arg));
}

int xc_kexec_get_range(xc_interface *xch, int range, int nr, uint64_t *size,
                       uint64_t *start)
{
    xen_kexec_range_t arg = { .range = range, .nr = nr };
    int rc = do_kexec_op(xch, KEXEC_CMD_kexec_get_range, &arg, sizeof(arg));

    *size = arg.size;
    *start = arg.start;

    return rc;
}

int xc_kexec_load(xc_interface *xch, uint8_t type, uint16_t arch,
                  uint64_t entry_maddr, uint32_t nr_segments,
                  xen_kexec_segment_t *segments)
{
    xen_kexec_load_t arg = {
        .type = type,
        .arch = arch,
        .nr_segments = nr_segments,
        .entry_maddr = entry_maddr,
    };
    struct array a = ARRAY(arg.segments.h, segments,
                           nr_segments * sizeof(*segments), BOUNCE_IN);
    int rc;

    if ( arrays_in(xch, "kexec_op", &a, 1) )
        return -1;
    rc = do_kexec_op(xch, KEXEC_CMD_kexec_load, &arg, sizeof(arg));
    arrays_out(xch, &a, 1);

    return rc;
}

int xc_kexec_unload(xc_interface *xch, int type)
{
    xen_kexec_unload_t arg = { .type = type };

    return do_kexec_op(xch, KEXEC_CMD_kexec_unload, &arg, sizeof(arg));
}

int xc_kexec_status(xc_interface *xch, int type)
{
    xen_kexec_status_t arg = { .type = type };

    return do_kexec_op(xch, KEXEC_CMD_kexec_status, &arg, sizeof(arg));
}
