/* SPDX-License-Identifier: MIT */
/* save-xsave.c: the record CPU_XSAVE, a row of save.c. */
#ifndef X86_HVM_SAVE_XSAVE_H
#define X86_HVM_SAVE_XSAVE_H

#include <hv/types.h>

#include <xen/hvm/save.h>

struct domain;

/* The states that guests can have need 2688 bytes on every processor. */
#define XSAVE_AREA_MOST 4096U
#define XSAVE_RECORD_LEAST ((uint32_t)sizeof(struct hvm_hw_cpu_xsave))
#define XSAVE_RECORD_MOST                                                    \
    ((uint32_t)offsetof(struct hvm_hw_cpu_xsave, save_area) + XSAVE_AREA_MOST)

/* As struct hvm_record wants them. */
uint32_t save_xsave(struct domain *d, unsigned int instance, void *data);
long load_xsave(struct domain *d, unsigned int instance, const void *data);

#endif
