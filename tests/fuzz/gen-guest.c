/* SPDX-License-Identifier: MIT */
/* What fuzzed guests and clients do besides making calls: see gen.h. */
#include "gen.h"

#include <hv/grant.h>
#include <hv/ioreq.h>
#include <hv/page.h>

/* 1, 2, 4 or 8 bytes anywhere in a page, most often near its beginning. */
static void spoil(struct input *in, uint8_t *page)
{
    unsigned int b = in8(in), size = 1U << b % 4;
    unsigned int at = b & 0x80 ? (unsigned int)in_bytes(in, 2) : in8(in);
    uint64_t v = b & 0x40 ? in_bytes(in, size) : in8(in);

    if ( b & 0x20 )
        v = 1UL << v % 64;
    at = (at << b % 4) % PAGE_SIZE;
    memcpy(page + at, &v, size);
}

void gen_guest_write(struct input *in)
{
    unsigned int b = in8(in);
    struct domain *d = fuzz_dom[b % 8 < FUZZ_NR ? b % 8 : FUZZ_GUEST].d;
    uint8_t *page = NULL;

    if ( d && d->translated )
        page = fuzz_guest_page(d, gen_value(in, GFN, 8));
    if ( d && b & 0x80 && d->shared_page )
        page = (uint8_t *)d->shared; /* wherever it has it mapped */
    if ( page )
        spoil(in, page);
}

void gen_grant_entry(struct input *in)
{
    static const uint16_t types[8] = {
        GTF_permit_access, GTF_permit_access, GTF_permit_access,
        GTF_permit_access | GTF_readonly, GTF_permit_access | GTF_sub_page,
        GTF_transitive, GTF_invalid, GTF_accept_transfer,
    };
    unsigned int b = in8(in), ref = in_below(in, 16);
    struct domain *d = fuzz_dom[b % 8 < FUZZ_NR ? b % 8 : FUZZ_GUEST].d;
    uint16_t flags = types[b / 8 % 8];
    domid_t domid = (domid_t)gen_value(in, DOM, 2);
    uint64_t frame = gen_value(in, d && d->translated ? GFN : MFN, 8);
    struct page *pg;

    if ( !d || grant_resource_get(d, XENMEM_resource_grant_table_id_shared, 0,
                                  1, &pg) )
        return;
    if ( b & 0x80 )
        ((grant_entry_v2_t *)page_to_virt(pg))[ref] = (grant_entry_v2_t){
            .full_page = { { flags, domid }, in_bytes(in, 4), frame },
        };
    else
        ((grant_entry_v1_t *)page_to_virt(pg))[ref] = (grant_entry_v1_t){
            flags, domid, (uint32_t)frame,
        };
    page_put(pg); /* the table holds it */
}

void gen_client(struct input *in)
{
    unsigned int b = in8(in);
    struct domain *d = fuzz_dom[b % 8 < FUZZ_NR ? b % 8 : FUZZ_GUEST].d;
    uint8_t *page = fuzz_client_page(b / 8);
    uint64_t mfn;

    if ( b < 0x40 )
    {
        /* A frame number that some call has left in the arena. */
        memcpy(&mfn, fuzz_arena + in8(in) % FUZZ_SLOTS * FUZZ_SLOT +
                         in_below(in, 8) * 8, sizeof(mfn));
        if ( d )
            fuzz_client_map(mfn, d);
    }
    else if ( b < 0x60 )
        fuzz_client_unmap(b);
    else if ( page )
        spoil(in, page);
}

static ioreq_t make_access(struct input *in)
{
    unsigned int b = in8(in);

    return (ioreq_t){
        .type = b & 1 ? IOREQ_TYPE_COPY : IOREQ_TYPE_PIO,
        .dir = b >> 1 & 1,
        .df = (b & 0xc) == 0xc,
        .data_is_ptr = (b & 0x30) == 0x30,
        .count = b & 0x40 ? (uint32_t)gen_value(in, NUM, 4) : 1,
        .size = b < 0xf0 ? 1U << b / 2 % 4 : (uint32_t)in_bytes(in, 4),
        .addr = b & 0x80 ? gen_value(in, ADDR, 8) : gen_value(in, IO, 8),
        .data = in_bytes(in, 4),
    };
}

void gen_access(struct input *in)
{
    unsigned int b = in8(in);
    struct domain *d = fuzz_dom[b & 1 ? FUZZ_GUEST : b % 4 + 1].d;
    struct vcpu *v = d ? domain_vcpu(d, b / 4 % d->max_vcpus) : NULL;
    ioreq_t p;

    if ( !v || domain_is_dying(d) )
        return;
    hosted_enter((struct hosted_context){ .v = v });
    if ( ioreq_in_flight(v) )
    {
        ioreq_look(v);
        if ( ioreq_resume(v, &p) == IO_PENDING && v->io.look.active )
            fuzz_fail("vcpu %u sleeps, and its slot says that it looks\n",
                      v->vcpu_id);
    }
    else if ( b < 0xf0 )
    {
        p = make_access(in);
        (void)ioreq_send(v, &p);
    }
    else
        (void)ioreq_invalidate_mapcache(v);
    hosted_enter((struct hosted_context){ .v = NULL });
}
