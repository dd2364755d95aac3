/* SPDX-License-Identifier: MIT */
/* Contexts of HVM guests for unit tests: the domctls, and a list of records. */
#ifndef TEST_CONTEXT_H
#define TEST_CONTEXT_H

#include "test-domctl.h"

#include <hv/hvm-save.h>

#include <xen/hvm/save.h>

#define CPU 2
#define MTRR 14

static inline long context(uint32_t cmd, struct domain *d, void *buf, uint32_t *size)
{
    struct xen_domctl op = domctl_make(cmd, d->domain_id);
    long rc;

    op.u.hvmcontext.buffer.p = buf;
    op.u.hvmcontext.size = *size;
    rc = domctl_call(&op);
    *size = op.u.hvmcontext.size;
    return rc;
}

static inline uint32_t record(uint8_t *buf, uint32_t at, uint16_t type,
                       uint16_t instance, const void *data, uint32_t len)
{
    struct hvm_save_descriptor desc = { type, instance, len };

    memcpy(buf + at, &desc, sizeof(desc));
    if ( len )
        memcpy(buf + at + sizeof(desc), data, len);
    return at + (uint32_t)sizeof(desc) + len;
}

static const struct hvm_save_header header = {
    .magic = HVM_FILE_MAGIC, .version = HVM_FILE_VERSION,
};

#endif
