/* SPDX-License-Identifier: MIT */
/* A hostile device model's writes and calls: hostile.h. */
#include "hostile.h"

#include <xen/hvm/hvm_op.h>
#include <xen/sched.h>

#define MANY 512 /* pages */

/* ---- chance ---- */

uint64_t any(struct chance *c)
{
    c->state ^= c->state << 13;
    c->state ^= c->state >> 7;
    c->state ^= c->state << 17;
    return c->state * 0x2545f4914f6cdd1dUL;
}

uint64_t below(struct chance *c, uint64_t n)
{
    return (any(c) >> 16) % n;
}

bool one_in(struct chance *c, unsigned int n)
{
    return !below(c, n);
}

uint64_t number(struct chance *c)
{
    switch ( below(c, 5) )
    {
    case 0: return below(c, 16);
    case 1: return 1UL << below(c, 64);
    case 2: return (1UL << below(c, 64)) - 1;
    case 3: return any(c);
    default: return below(c, 4096);
    }
}

static uint64_t any_gfn(struct chance *c)
{
    switch ( below(c, 32) )
    {
    case 0: return number(c);
    case 1: return below(c, HOSTILE_END_GFN);
    case 2: return HOSTILE_WINDOW >> 12;
    case 3: return HOSTILE_MEMORY >> 12;
    case 4 ... 7: return HOSTILE_END_GFN + below(c, HOSTILE_SPARE_GFNS);
    default: return HOSTILE_SPARE_GFN + below(c, HOSTILE_SPARE_GFNS);
    }
}

uint64_t hostile_gfn(struct chance *c)
{
    uint64_t gfn = any_gfn(c);

    return gfn < HOSTILE_PROGRAM_END && !one_in(c, 256)
               ? gfn + HOSTILE_SPARE_GFN : gfn;
}

/* ---- slots and rings ---- */

/* The state and the bits beside it. */
static uint8_t *state_byte(ioreq_t *slot)
{
    return (uint8_t *)slot + offsetof(ioreq_t, type) - 1;
}

static void set_state(ioreq_t *slot, unsigned int state)
{
    uint8_t byte = *state_byte(slot);

    __atomic_store_n(state_byte(slot), (uint8_t)((byte & 0xf0) | state),
                     __ATOMIC_RELEASE);
}

/* Anything but the state. */
static void spoil(struct chance *c, ioreq_t *slot)
{
    slot->addr = number(c);
    slot->count = (uint32_t)number(c);
    slot->size = (uint32_t)number(c);
    slot->vp_eport = (uint32_t)number(c);
    slot->type = (uint8_t)any(c);
    *state_byte(slot) ^= (uint8_t)(any(c) & 0xf0); /* data_is_ptr, dir, df */
}

static void wreck(struct chance *c, ioreq_t *slot)
{
    uint8_t value = (uint8_t)any(c);

    switch ( below(c, 3) )
    {
    case 0:
        set_state(slot, below(c, 16));
        break;
    case 1:
        ((volatile uint8_t *)slot)[below(c, sizeof(*slot))] = value;
        break;
    default:
        for ( size_t i = 0; i < sizeof(*slot); i++ )
            ((volatile uint8_t *)slot)[i] = value;
        break;
    }
}

bool hostile_slot(struct chance *c, ioreq_t *slot)
{
    unsigned int state = __atomic_load_n(state_byte(slot), __ATOMIC_ACQUIRE) &
                         0xf;

    if ( one_in(c, 512) )
    {
        wreck(c, slot);
        return false;
    }
    if ( one_in(c, 3) )
        spoil(c, slot);
    if ( state == STATE_IOREQ_READY )
        set_state(slot, STATE_IOREQ_INPROCESS);
    else if ( state != STATE_IOREQ_INPROCESS )
        return false;
    if ( one_in(c, 4) ) /* later */
        return false;
    slot->data = number(c);
    set_state(slot, STATE_IORESP_READY);
    return true;
}

void hostile_ring(struct chance *c, void *ring)
{
    volatile uint32_t *word = ring; /* read pointer, write pointer, entries */

    switch ( below(c, 8) )
    {
    case 0: word[1] = (uint32_t)number(c); break;
    case 1: word[0] = (uint32_t)number(c); break;
    case 2: word[0] = word[1] - (uint32_t)below(c, 520); break;
    case 3: word[below(c, 1024)] = (uint32_t)any(c); break;
    default: word[0] = word[1]; break; /* all is taken */
    }
}

/* ---- calls ---- */

static ioservid_t server(struct chance *c)
{
    return (ioservid_t)(one_in(c, 16) ? number(c) : below(c, 8));
}

static void range(struct chance *c, struct xen_dm_op *op)
{
    static const struct { uint32_t type; uint64_t start, end; } known[] = {
        { XEN_DMOP_IO_RANGE_PORT, HOSTILE_PORT, HOSTILE_PORT + 15 },
        { XEN_DMOP_IO_RANGE_PORT, 0, 0xffff },
        { XEN_DMOP_IO_RANGE_MEMORY, HOSTILE_MEMORY, HOSTILE_MEMORY + 0xfff },
        { XEN_DMOP_IO_RANGE_MEMORY, HOSTILE_WINDOW, HOSTILE_WINDOW + 0x1ffff },
        { XEN_DMOP_IO_RANGE_MEMORY, 0, ~0UL },
        { XEN_DMOP_IO_RANGE_PCI, 0, 0xffff },
    };
    struct xen_dm_op_ioreq_server_range *r = &op->u.map_io_range_to_ioreq_server;
    unsigned int k = (unsigned int)below(c, sizeof(known) / sizeof(known[0]));

    r->id = server(c);
    r->type = one_in(c, 16) ? (uint32_t)number(c) : known[k].type;
    r->start = known[k].start;
    r->end = known[k].end;
    if ( one_in(c, 3) )
        r->start += below(c, 16);
    if ( one_in(c, 3) )
        r->end -= below(c, 16);
    if ( one_in(c, 16) )
        r->start = number(c);
    if ( one_in(c, 16) )
        r->end = number(c);
}

static void of_server(struct chance *c, struct xen_dm_op *op)
{
    switch ( op->op )
    {
    case XEN_DMOP_create_ioreq_server:
        op->u.create_ioreq_server.handle_bufioreq = (uint8_t)below(c, 4);
        break;
    case XEN_DMOP_get_ioreq_server_info:
        op->u.get_ioreq_server_info.id = server(c);
        op->u.get_ioreq_server_info.flags = (uint16_t)below(c, 3);
        break;
    case XEN_DMOP_set_ioreq_server_state:
        op->u.set_ioreq_server_state.id = server(c);
        op->u.set_ioreq_server_state.enabled = !one_in(c, 8);
        break;
    case XEN_DMOP_destroy_ioreq_server:
        op->u.destroy_ioreq_server.id = server(c);
        break;
    case XEN_DMOP_map_mem_type_to_ioreq_server:
        op->u.map_mem_type_to_ioreq_server =
            (struct xen_dm_op_map_mem_type_to_ioreq_server){
                .id = server(c), .type = HVMMEM_ioreq_server,
                .flags = (uint32_t)below(c, 4) };
        break;
    default:
        range(c, op);
        break;
    }
}

static void of_memory(struct chance *c, struct xen_dm_op *op,
                      struct xen_dm_op_modified_memory_extent *extent)
{
    uint32_t nr = (uint32_t)(one_in(c, 16) ? number(c) : below(c, 8));

    switch ( op->op )
    {
    case XEN_DMOP_set_mem_type:
        op->u.set_mem_type = (struct xen_dm_op_set_mem_type){
            .nr = nr, .first_pfn = hostile_gfn(c),
            .mem_type = (uint16_t)below(c, HVMMEM_ioreq_server + 2) };
        break;
    case XEN_DMOP_relocate_memory:
        op->u.relocate_memory = (struct xen_dm_op_relocate_memory){
            .size = nr, .src_gfn = hostile_gfn(c), .dst_gfn = hostile_gfn(c) };
        break;
    case XEN_DMOP_pin_memory_cacheattr:
        op->u.pin_memory_cacheattr = (struct xen_dm_op_pin_memory_cacheattr){
            .start = hostile_gfn(c), .end = hostile_gfn(c),
            .type = (uint32_t)below(c, 9) };
        break;
    case XEN_DMOP_track_dirty_vram:
        op->u.track_dirty_vram = (struct xen_dm_op_track_dirty_vram){
            .nr = nr, .first_pfn = hostile_gfn(c) };
        break;
    default:
        op->u.modified_memory.nr_extents = nr;
        for ( unsigned int i = 0; i < 8; i++ )
            extent[i] = (struct xen_dm_op_modified_memory_extent){
                .nr = (uint32_t)(one_in(c, 4) ? number(c) : below(c, MANY)),
                .first_pfn = hostile_gfn(c) };
        break;
    }
}

/* Any bytes, but it does not shut the target down too often. */
static void of_chance(struct chance *c, struct xen_dm_op *op)
{
    uint64_t word[3];

    for ( unsigned int i = 0; i < 3; i++ )
        word[i] = one_in(c, 2) ? number(c) : below(c, 4);
    __builtin_memcpy(&op->u, word, sizeof(word));
    op->op = (uint32_t)(one_in(c, 16) ? number(c) : below(c, 24));
    if ( op->op == XEN_DMOP_remote_shutdown && !one_in(c, 8) )
        op->op = XEN_DMOP_nr_vcpus;
    if ( one_in(c, 16) )
        op->pad = (uint32_t)number(c);
}

unsigned int hostile_dm_op(struct chance *c, struct xen_dm_op *op,
                           void *second)
{
    static const uint8_t of_servers[] = {
        XEN_DMOP_create_ioreq_server, XEN_DMOP_create_ioreq_server,
        XEN_DMOP_get_ioreq_server_info,
        XEN_DMOP_map_io_range_to_ioreq_server,
        XEN_DMOP_map_io_range_to_ioreq_server,
        XEN_DMOP_map_io_range_to_ioreq_server,
        XEN_DMOP_unmap_io_range_from_ioreq_server,
        XEN_DMOP_set_ioreq_server_state, XEN_DMOP_set_ioreq_server_state,
        XEN_DMOP_destroy_ioreq_server, XEN_DMOP_map_mem_type_to_ioreq_server,
    };
    static const uint8_t of_pages[] = {
        XEN_DMOP_set_mem_type, XEN_DMOP_set_mem_type, XEN_DMOP_relocate_memory,
        XEN_DMOP_relocate_memory, XEN_DMOP_modified_memory,
        XEN_DMOP_track_dirty_vram, XEN_DMOP_pin_memory_cacheattr,
    };

    *op = (struct xen_dm_op){ .op = 0 };
    switch ( below(c, 8) )
    {
    case 0:
        of_chance(c, op);
        break;
    case 1: case 2:
        op->op = PICK(c, of_pages);
        of_memory(c, op, second);
        break;
    default:
        op->op = PICK(c, of_servers);
        of_server(c, op);
        break;
    }
    return op->op == XEN_DMOP_modified_memory ||
           op->op == XEN_DMOP_track_dirty_vram ? 2 : 1;
}
