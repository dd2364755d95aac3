/* SPDX-License-Identifier: MIT */
/*
 * The types of records of which an HVM guest's saved state consists
 * (xen/hvm/save.h).  A type is one row: the core has those of CPU and MTRR, a
 * machine those of the devices that it emulates.
 */
#ifndef HV_HVM_SAVE_H
#define HV_HVM_SAVE_H

#include <hv/types.h>

struct domain;

/*
 * save() and load() are called with the domain paused; `instance` is below
 * `instances`, or the number of a vcpu that exists.  No locks held.
 */
struct hvm_record {
    uint16_t code;      /* HVM_SAVE_CODE(): 1 to HVM_SAVE_CODE_MAX        */
    uint16_t instances; /* of a domain; RECORD_PER_VCPU: one of each vcpu */
    uint32_t size;      /* in bytes, at most; a multiple of 8             */
    uint32_t least;     /* a shorter record that load() takes, filled up  */
                        /* with zeros to size; 0: size only               */
    /*
     * Fill data, which has room for size bytes, all zero, and return the length
     * of the record; 0: there is none of this instance.  data NULL: only return
     * the length; the domain may not be paused then.
     */
    uint32_t (*save)(struct domain *d, unsigned int instance, void *data);
    /*
     * Check each field, then set the state: 0, or -EINVAL and nothing has
     * changed.  data is aligned to 8 bytes and has size bytes.
     */
    long (*load)(struct domain *d, unsigned int instance, const void *data);
};
#define RECORD_PER_VCPU 0

/* ---- arch contract ---- */

/* The machine's rows, in any order. */
const struct hvm_record *arch_hvm_records(unsigned int *nr);

#endif
