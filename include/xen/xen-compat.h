/* SPDX-License-Identifier: MIT */
/*
 * Which edition of the interface the including program speaks.
 *
 * These headers know one: the current one.  A program that names none gets
 * it; one that asks for an edition from before the grant entries were called
 * v1 and v2 is refused, because older names meant other layouts.
 */
#ifndef __XEN_PUBLIC_XEN_COMPAT_H__
#define __XEN_PUBLIC_XEN_COMPAT_H__

#define __XEN_LATEST_INTERFACE_VERSION__ 0x00040e00

#if defined(__XEN__) || defined(__XEN_TOOLS__)
#undef __XEN_INTERFACE_VERSION__
#endif
#ifndef __XEN_INTERFACE_VERSION__
#define __XEN_INTERFACE_VERSION__ __XEN_LATEST_INTERFACE_VERSION__
#endif

#if __XEN_INTERFACE_VERSION__ < 0x0003020a || \
    __XEN_INTERFACE_VERSION__ > __XEN_LATEST_INTERFACE_VERSION__
#error "these headers do not speak the requested __XEN_INTERFACE_VERSION__"
#endif

/* A trailing array that had one element in early editions: as xen.h has it. */
#define COMPAT_FLEX_ARRAY_DIM XEN_FLEX_ARRAY_DIM

#endif
