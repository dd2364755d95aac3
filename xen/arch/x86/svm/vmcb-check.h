/* SPDX-License-Identifier: MIT */
/* Is a VMCB one that VMRUN takes?  Pure: no privileged instruction. */
#ifndef SVM_VMCB_CHECK_H
#define SVM_VMCB_CHECK_H

#include <emul/rules.h>

#include "vmcb.h"

/* What the processor has, for fields that depend on it. */
struct vmcb_limits {
    uint32_t nr_asids;
    struct mode_limits mode;
    bool flush_asid;
};

/*
 * What the manual demands of a VMCB at VMRUN (volume 2, 15.5.1 and the sections
 * on events), and what nobody but us wants of it: text about the first rule
 * that is broken, or NULL.
 */
const char *vmcb_check(const struct vmcb *b, const struct vmcb_limits *l);

/*
 * `kept` is the VMCB as the processor left it at the last exit: each field
 * whose clean bit is set has to be as it was.
 */
const char *vmcb_check_clean(const struct vmcb *b, const struct vmcb *kept);

#endif
