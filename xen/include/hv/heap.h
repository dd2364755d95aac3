/* SPDX-License-Identifier: MIT */
/*
 * Small objects.  Every allocation of the hypervisor, here and in page.h, can
 * be told to fail the n-th time; tests walk n.
 */
#ifndef HV_HEAP_H
#define HV_HEAP_H

#include <hv/page.h>
#include <hv/types.h>

/* Zeroed memory, aligned for any object up to 64 bytes of alignment. */
void *hv_zalloc(size_t bytes) must_check;
void *hv_zalloc_array(size_t nr, size_t size) must_check; /* NULL on overflow */
void hv_free(void *p); /* NULL is fine */

#define new_object(type) ((type *)hv_zalloc(sizeof(type)))
#define new_array(type, nr) ((type *)hv_zalloc_array(nr, sizeof(type)))

/* ---- arch contract: xen/lib/heap.c, or the machine's own ---- */

void *arch_heap_alloc(size_t bytes);
void arch_heap_free(void *p);

struct key_press;
/* A line for each size of objects, or one for all. */
void arch_heap_show(struct key_press *k);

/*
 * Of xen/lib/heap.c: before the first allocation; and for arch_audit_refs(),
 * one HOLD_TABLE for each frame it has.
 */
void heap_init(void);
void heap_audit_refs(void (*count)(mfn_t mfn, enum page_holder holder));

/* The point of fault injection: true when this allocation is to fail. */
bool arch_alloc_fails(void);

#endif
