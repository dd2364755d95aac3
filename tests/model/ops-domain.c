/* SPDX-License-Identifier: MIT */
/* Domains come and go; clients of domain 0 map their frames. */
#include "model.h"

#include <xen/domctl.h>

/* ---- clients ---- */

/* As privcmd: it names a frame and whose it thinks that is. */
void op_client_map(void)
{
    uint64_t mfn = below(FRAMES);
    struct mdom *d = some_dom();
    unsigned int slot = below(NR_CLIENT);
    bool got, want;

    for ( unsigned int i = 0; i < FRAMES && !pages[mfn].live && below(64); i++ )
        mfn = (mfn + 1) % FRAMES;
    if ( below(4) && pages[mfn].live )
        d = pages[mfn].owner;
    if ( client[slot] )
        return;
    doing("a client maps frame %#lx of d%u", mfn, d->id);
    got = page_get(mfn_to_page(_mfn(mfn)), d->d);
    want = pages[mfn].live && pages[mfn].owner == d;
    expect(got, want);
    if ( !want )
        return;
    hold(&pages[mfn]);
    client[slot] = &pages[mfn];
}

void op_client_unmap(void)
{
    unsigned int slot = below(NR_CLIENT);
    struct mpage *pg = client[slot];

    if ( !pg )
        return;
    doing("a client unmaps frame %#lx", mfn_of(pg));
    client[slot] = NULL;
    page_put(mfn_to_page(_mfn(mfn_of(pg))));
    drop(pg);
}

/* ---- control ---- */

static long domctl(struct mdom *by, uint32_t cmd, domid_t id, uint64_t arg)
{
    struct xen_domctl op = { .cmd = cmd,
                             .interface_version = XEN_DOMCTL_INTERFACE_VERSION,
                             .domain = id };

    if ( cmd == XEN_DOMCTL_max_mem )
        op.u.max_mem.max_memkb = arg;
    _Static_assert(sizeof(op) <= sizeof(arena.arg), "it has room");
    memcpy(arena.arg, &op, sizeof(op));
    return call(by, __HYPERVISOR_domctl, ARG, 0, 0);
}

void op_max_mem(void)
{
    struct mdom *by = some_alive(), *d = some_dom();
    uint64_t max = below(NR_GFNS + 8);
    long rc;

    doing("d%u limits d%u to %lu pages", by->id, d->id, max);
    rc = domctl(by, XEN_DOMCTL_max_mem, d->id, max * 4);
    expect(rc, by->control ? 0 : -EPERM);
    if ( !rc )
        d->max = max;
}

void op_create(void)
{
    unsigned int i = 1, free = 0;

    for ( unsigned int j = 1; j < NR_DOMS; j++ )
        if ( !doms[j].d )
            free++, i = j;
    /* The second in control comes back in its place. */
    if ( !doms[1].d )
        i = 1;
    if ( !free || (i != 1 && free < 3) )
        return;
    doing("a domain is created");
    dom_new(&doms[i], i == 1, true);
}

void op_destroy(void)
{
    struct mdom *by = some_alive(), *d = some_dom();
    long rc;

    if ( below(6) )
        return;
    doing("d%u destroys d%u", by->id, d->id);
    if ( d == doms )
        return;
    rc = domctl(by, XEN_DOMCTL_destroydomain, d->id, 0);
    expect(rc, !by->control ? -EPERM : by == d ? -EINVAL : 0);
    if ( !rc && d->alive )
        dom_kill(d);
}
