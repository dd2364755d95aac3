/* SPDX-License-Identifier: MIT */
/*
 * For LD_PRELOAD of xl and its helper: a line on standard error for each round of
 * copying a guest that runs meanwhile.  libxenguest copies all pages first, and
 * then, each time, those that were written since it asked last.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>

#include <xenctrl.h>

long long xc_logdirty_control(xc_interface *xch, uint32_t domid,
                              unsigned int sop,
                              xc_hypercall_buffer_t *dirty_bitmap,
                              unsigned long pages, unsigned int mode,
                              xc_shadow_op_stats_t *stats)
{
    static unsigned int round;
    long long (*next)(xc_interface *, uint32_t, unsigned int,
                      xc_hypercall_buffer_t *, unsigned long, unsigned int,
                      xc_shadow_op_stats_t *) =
        (__typeof__(next))dlsym(RTLD_NEXT, "xc_logdirty_control");
    long long rc = next(xch, domid, sop, dirty_bitmap, pages, mode, stats);

    if ( sop == XEN_DOMCTL_SHADOW_OP_ENABLE_LOGDIRTY && !rc )
        fprintf(stderr, "round 0: all of %lu pages\n", pages);
    if ( sop == XEN_DOMCTL_SHADOW_OP_CLEAN && rc >= 0 )
        fprintf(stderr, "round %u: %u pages were written\n", ++round,
                stats ? stats->dirty_count : 0);
    return rc;
}
