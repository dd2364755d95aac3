/* SPDX-License-Identifier: MIT */
/* Resources: grant frames and the pages of ioreq servers; the servers. */
#include "model.h"

#include <xen/hvm/dm_op.h>
#include <xen/hvm/hvm_op.h>
#include <xen/memory.h>

#include "../../xen/common/ioreq-private.h"

/* ---- acquire_resource ---- */

struct acquire {
    struct mdom *by, *d;
    unsigned int type, id, frame, nr;
    unsigned int at[3]; /* of a translated caller: where */
};

static struct acquire draw(unsigned int type)
{
    bool grants = type == XENMEM_resource_grant_table;
    struct acquire a = { some_alive(), some_dom(), type, below(4),
                         below(grants ? 5 : 3), below(8) ? 1 + below(3) : 0,
                         { 0 } };

    /* Most ask for what they made. */
    for ( unsigned int i = 0; !grants && i < 100 && below(64) &&
                              a.d->s[a.id].emulator != a.by; i++ )
    {
        a.d = some_dom();
        a.id = below(4);
    }
    for ( unsigned int i = 0; i < 3; i++ )
        a.at[i] = below(NR_GFNS);
    doing("d%u acquires resource %u.%u of d%u: %u frames from %u at %u %u %u",
          a.by->id, type, a.id, a.d->id, a.nr, a.frame, a.at[0], a.at[1],
          a.at[2]);
    return a;
}

static long acquire(const struct acquire *a, bool query)
{
    struct xen_mem_acquire_resource r = {
        .domid = a->d->id, .type = (uint16_t)a->type, .id = a->id,
        .nr_frames = a->nr, .frame = a->frame,
    };
    long rc;

    for ( unsigned int i = 0; i < 3; i++ )
        arena.list[i] = GFN_BASE + a->at[i];
    r.frame_list.p = query ? NULL : arena.list;
    memcpy(arena.arg, &r, sizeof(r));
    rc = call(a->by, __HYPERVISOR_memory_op, XENMEM_acquire_resource, ARG, 0);
    if ( rc || !query )
        return rc;
    memcpy(&r, arena.arg, sizeof(r));
    return r.nr_frames;
}

static long size_of(const struct acquire *a)
{
    if ( a->by == a->d || !a->by->control )
        return -EPERM;
    if ( a->type == XENMEM_resource_grant_table )
        return a->id == 0 ? MAX_FRAMES_M : -EINVAL;
    if ( !a->d->translated )
        return -EINVAL;
    return a->d->s[a->id].emulator ? 2 : -ENOENT;
}

/* The frames are there: the caller gets them. */
static void got_frames(const struct acquire *a, struct mpage **frame, long rc)
{
    for ( unsigned int i = 0; a->by->translated && i < a->nr; i++ )
        if ( a->by->e[a->at[i]].type != NONE ||
             (i > 0 && a->at[i] == a->at[0]) ||
             (i > 1 && a->at[i] == a->at[1]) )
        {
            expect(rc, -EBUSY);
            return;
        }
    expect(rc, 0);
    for ( unsigned int i = 0; i < a->nr; i++ )
        if ( a->by->translated )
        {
            hold(frame[i]);
            set_entry(a->by, a->at[i], FOREIGN, frame[i]);
        }
        else if ( arena.list[i] != mfn_of(frame[i]) )
            fail("frame %#lx, not %#lx\n", arena.list[i], mfn_of(frame[i]));
}

void op_acquire_grant(void)
{
    struct acquire a = draw(XENMEM_resource_grant_table);
    long rc, size = size_of(&a);

    if ( below(4) )
        size = (a.id = 0, size_of(&a));
    rc = acquire(&a, false);
    if ( size < 0 )
        expect(rc, size);
    else if ( !a.nr || !grow_table(a.d, a.frame + a.nr) )
        expect(rc, -EINVAL);
    else
        got_frames(&a, &a.d->frame[a.frame], rc);
}

/* Whoever asks first, for any frame, makes the server's pages. */
static void learn_pages(struct mdom *d, unsigned int id)
{
    struct ioreq_server *real = d->d->ioreq.server[id];
    struct mserver *s = &d->s[id];

    for ( unsigned int i = s->ring ? 0 : 1; i < 2 && !s->frame[i]; i++ )
    {
        if ( !real->frame[i] )
            fail("server %u has no frame %u\n", id, i);
        s->frame[i] = page_new(d, mfn_x(page_to_mfn(real->frame[i])), true);
    }
}

void op_acquire_ioreq(void)
{
    struct acquire a = draw(XENMEM_resource_ioreq_server);
    long rc = acquire(&a, false), size = size_of(&a);
    struct mserver *s = &a.d->s[a.id];

    if ( size < 0 || !a.nr )
    {
        expect(rc, size < 0 ? size : -EINVAL);
        return;
    }
    if ( s->emulator != a.by )
    {
        expect(rc, -EPERM);
        return;
    }
    learn_pages(a.d, a.id);
    if ( a.frame == 0 && !s->ring )
        expect(rc, -ENOENT);
    else if ( a.frame + a.nr > 2 )
        expect(rc, -EINVAL);
    else
        got_frames(&a, &s->frame[a.frame], rc);
}

void op_size_query(void)
{
    struct acquire a = draw(below(2) ? XENMEM_resource_grant_table
                                     : XENMEM_resource_ioreq_server);
    long size = size_of(&a);

    expect(acquire(&a, true), size > 0 && a.nr ? -EINVAL : size);
}

/* ---- servers ---- */

static long dm(struct mdom *by, struct mdom *d, struct xen_dm_op *op)
{
    struct xen_dm_op_buf buf = { .size = sizeof(*op) };
    uint8_t *at = arena.arg + sizeof(buf);
    long rc;

    buf.h.p = at;
    memcpy(arena.arg, &buf, sizeof(buf));
    memcpy(at, op, sizeof(*op));
    rc = call(by, __HYPERVISOR_dm_op, d->id, 1, ARG);
    memcpy(op, at, sizeof(*op));
    return rc;
}

static long dm_error(const struct mdom *by, const struct mdom *d)
{
    if ( by == d )
        return -EPERM;
    if ( !d->translated )
        return -EINVAL;
    return by->control ? 0 : -EPERM;
}

void op_server_create(void)
{
    struct mdom *by = some_alive(), *d = some_dom();
    unsigned int mode = below(4), id = 0;
    struct xen_dm_op op = { .op = XEN_DMOP_create_ioreq_server };
    long rc, want = dm_error(by, d);

    doing("d%u creates a server of mode %u for d%u", by->id, mode, d->id);
    op.u.create_ioreq_server.handle_bufioreq = (uint8_t)mode;
    rc = dm(by, d, &op);
    while ( id < 8 && d->s[id].emulator )
        id++;
    if ( !want && (mode > HVM_IOREQSRV_BUFIOREQ_ATOMIC || !d->alive) )
        want = -EINVAL;
    if ( !want && id == 8 )
        want = -ENOSPC;
    expect(rc, want);
    if ( want )
        return;
    expect(op.u.create_ioreq_server.id, id);
    d->s[id] = (struct mserver){ by, mode != HVM_IOREQSRV_BUFIOREQ_OFF,
                                 { NULL } };
}

void op_server_destroy(void)
{
    struct mdom *by = some_alive(), *d = some_dom();
    unsigned int id = below(9);
    struct xen_dm_op op = { .op = XEN_DMOP_destroy_ioreq_server };
    long rc, want = dm_error(by, d);

    doing("d%u destroys server %u of d%u", by->id, id, d->id);
    op.u.destroy_ioreq_server.id = (ioservid_t)id;
    rc = dm(by, d, &op);
    if ( !want && (id == 8 || !d->s[id].emulator) )
        want = -ENOENT;
    if ( !want && d->s[id].emulator != by )
        want = -EPERM;
    expect(rc, want);
    if ( !want )
        free_server(&d->s[id]);
}
