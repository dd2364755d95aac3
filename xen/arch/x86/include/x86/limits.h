/* SPDX-License-Identifier: MIT */
/* How much of each thing a machine may have. */
#ifndef X86_LIMITS_H
#define X86_LIMITS_H

#define MAX_CPUS 64
#define MAX_IOAPICS 64
#define MAX_IOMMUS 16
#define MAX_PBLKS 8
#define MAX_ISA_OVERRIDES 16

#endif
