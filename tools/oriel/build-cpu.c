/* SPDX-License-Identifier: MIT */
/*
 * The first vCPU in the state that hvm/start_info.h describes.  The other vCPUs
 * stay down until the guest starts them.
 */
#include "build.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <xen/hvm/save.h>

#define MTRR_ENABLED (1U << 11)
#define MTRR_WRITE_BACK 6U

/* The records of the stream, each behind its descriptor. */
struct __attribute__((packed)) header_record {
    struct hvm_save_descriptor d;
    struct hvm_save_header r;
};
struct __attribute__((packed)) cpu_context {
    struct header_record header;
    struct hvm_save_descriptor cpu_d;
    struct hvm_hw_cpu cpu;
    struct hvm_save_descriptor end;
};
struct __attribute__((packed)) mtrr_context {
    struct header_record header;
    struct hvm_save_descriptor mtrr_d;
    struct hvm_hw_mtrr mtrr;
    struct hvm_save_descriptor end;
};

/* The hypervisor accepts only its own header. */
static int get_header(struct build *b, struct header_record *header)
{
    int size = xc_domain_hvm_getcontext(b->xch, b->domid, NULL, 0), rc = 0;
    uint8_t *context;

    if ( size < 0 )
        return -errno;
    context = malloc((size_t)size);
    if ( !context )
        return -ENOMEM;
    size = xc_domain_hvm_getcontext(b->xch, b->domid, context, (uint32_t)size);
    if ( size < 0 )
        rc = -errno;
    else if ( (size_t)size < sizeof(*header) )
        rc = -EPROTO;
    else
        memcpy(header, context, sizeof(*header));
    free(context);
    if ( !rc && (header->d.typecode != HVM_SAVE_CODE(HEADER) ||
                 header->d.length != sizeof(header->r)) )
    {
        b->hint = "the hypervisor's saved state does not begin with a header";
        rc = -EPROTO;
    }
    return rc;
}

/*
 * Set the MTRRs so that all memory is cached from the start, and not only after
 * the guest has set them.  A hypervisor without MTRR state has nothing to set.
 */
int set_memory_types(struct build *b)
{
    struct mtrr_context c = { 0 };
    int rc = get_header(b, &c.header);

    for ( uint16_t i = 0; i < b->config->maxvcpus && !rc; i++ )
    {
        if ( xc_domain_hvm_getcontext_partial(b->xch, b->domid,
                                              HVM_SAVE_CODE(MTRR), i, &c.mtrr,
                                              sizeof(c.mtrr)) < 0 )
            return 0;
        c.mtrr.msr_mtrr_def_type = MTRR_ENABLED | MTRR_WRITE_BACK;
        c.mtrr_d = (struct hvm_save_descriptor){ HVM_SAVE_CODE(MTRR), i,
                                                 sizeof(c.mtrr) };
        if ( xc_domain_hvm_setcontext(b->xch, b->domid, (uint8_t *)&c,
                                      sizeof(c)) )
            rc = -errno;
    }
    return rc;
}

/* 32-bit protected mode, flat, paging off, interrupts off. */
static void start_state(const struct build *b, struct hvm_hw_cpu *cpu)
{
    enum { FLAT_CODE = 0xc9b, FLAT_DATA = 0xc93, TSS_BUSY = 0x8b };

    *cpu = (struct hvm_hw_cpu){
        .rip = b->image.entry, .rbx = b->layout.start_info,
        .rflags = 0x2, .cr0 = 0x11, /* PE, ET */
        .dr6 = 0xffff0ff0, .dr7 = 0x400,
        .cs_limit = ~0U, .cs_arbytes = FLAT_CODE,
        .ds_limit = ~0U, .ds_arbytes = FLAT_DATA,
        .es_limit = ~0U, .es_arbytes = FLAT_DATA,
        .ss_limit = ~0U, .ss_arbytes = FLAT_DATA,
        .tr_limit = 0x67, .tr_arbytes = TSS_BUSY,
    };
}

int set_first_vcpu(struct build *b)
{
    struct cpu_context c = {
        .cpu_d = { HVM_SAVE_CODE(CPU), 0, sizeof(c.cpu) },
        .end = { HVM_SAVE_CODE(END), 0, 0 },
    };
    int rc = get_header(b, &c.header);

    if ( rc )
        return rc;
    /* By way of an aligned copy: the records are packed. */
    {
        struct hvm_hw_cpu cpu;

        start_state(b, &cpu);
        memcpy(&c.cpu, &cpu, sizeof(cpu));
    }
    return xc_domain_hvm_setcontext(b->xch, b->domid, (uint8_t *)&c, sizeof(c))
               ? -errno
               : 0;
}
