/* SPDX-License-Identifier: MIT */
/*
 * The ring of buffered writes: one page with a read and a write pointer, which
 * only grow, and 511 entries, indexed modulo 511.
 *
 * The emulator can write both pointers.  They are read once, as one 64-bit
 * word.  An index is a remainder and the distance is unsigned, so invalid
 * pointers look like a full ring (the write then goes to the slot) or like a
 * ring with room, and harm the emulator alone.
 *
 * For ATOMIC servers both pointers are reduced together before they overflow,
 * by a 64-bit compare-and-exchange, since the reader advances its pointer by
 * atomic additions.  LEGACY readers do not expect the reduction.
 */
#include "ioreq-private.h"

#include <hv/lib.h>

#include <xen/hvm/hvm_op.h>

#define RING_SIZE IOREQ_BUFFER_SLOT_NUM

_Static_assert(sizeof(buffered_iopage_t) == PAGE_SIZE, "ABI: the ring's page");
_Static_assert(sizeof(buf_ioreq_t) == 8, "ABI: an entry");

/* Encode p as one or two entries; 0 when p cannot be encoded. */
static unsigned int encode(const ioreq_t *p, buf_ioreq_t entry[2])
{
    unsigned int size_code = (unsigned int)__builtin_ctz(p->size | 0x100);

    if ( p->addr > 0xfffff || p->data_is_ptr || p->count != 1 ||
         size_code > 3 || p->size != 1U << size_code )
        return 0;

    entry[0] = (buf_ioreq_t){
        .type = p->type,
        .dir = p->dir,
        .size = size_code & 3,
        .addr = p->addr & 0xfffff,
        .data = (uint32_t)p->data,
    };
    entry[1] = entry[0];
    entry[1].data = (uint32_t)(p->data >> 32);
    return p->size == 8 ? 2 : 1;
}

/* Bounded: a try fails only if the emulator changed a pointer meanwhile. */
static void canonicalise(buffered_iopage_t *ring)
{
    for ( unsigned int tries = 0; tries < RING_SIZE; tries++ )
    {
        union bufioreq_pointers old, new;
        uint32_t whole;

        old.full = READ_ONCE(ring->ptrs.full);
        if ( old.read_pointer < RING_SIZE )
            return;
        whole = old.read_pointer - old.read_pointer % RING_SIZE;
        new.read_pointer = old.read_pointer - whole;
        new.write_pointer = old.write_pointer - whole;
        if ( atomic_cmpxchg(&ring->ptrs.full, &old.full, new.full) )
            return;
    }
}

bool ioreq_ring_put(struct ioreq_server *s, const ioreq_t *p)
{
    buf_ioreq_t entry[2];
    buffered_iopage_t *ring;
    union bufioreq_pointers at;
    unsigned int nr = encode(p, entry);

    ASSERT(spin_is_mine(&s->target->ioreq.lock));
    if ( !nr || !s->frame[FRAME_RING] )
        return false;

    ring = page_to_virt(s->frame[FRAME_RING]);
    /* Acquire: what the emulator has read is read, and may be overwritten. */
    at.full = load_acquire(&ring->ptrs.full);
    if ( at.write_pointer - at.read_pointer > RING_SIZE - nr )
        return false;

    for ( unsigned int i = 0; i < nr; i++ )
        ring->buf_ioreq[(at.write_pointer + i) % RING_SIZE] = entry[i];
    store_release(&ring->ptrs.write_pointer, at.write_pointer + nr);

    if ( s->bufioreq == HVM_IOREQSRV_BUFIOREQ_ATOMIC )
        canonicalise(ring);
    s->ring_sent++;
    if ( ioreq_look_ring_silent(s) )
        s->ring_silent++;
    else
        evtchn_notify_xen(s->target, s->ring_port);
    return true;
}
