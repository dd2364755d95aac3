/* SPDX-License-Identifier: MIT */
/*
 * Instructions of the hypervisor's that may fault, and where to go on then.
 */
#ifndef X86_FIXUP_H
#define X86_FIXUP_H

#include <hv/types.h>

/* Distances from the fields themselves: where it faults, where to go on. */
struct fixup {
    int32_t from, to;
};

#define FIXUP(from, to)                                                      \
    ".pushsection .fixups, \"a\"\n"                                          \
    ".long " #from " - ., " #to " - .\n"                                     \
    ".popsection\n"

#endif
