/* SPDX-License-Identifier: MIT */
/*
 * Small objects.  Tests can make the n-th allocation of the hypervisor, here
 * and in page.h, fail, and do so for each n.
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

/*
 * Of xen/lib/heap.c.  heap_init() is called before the first allocation;
 * heap_audit_refs(), by arch_audit_refs(), counts each frame of the heap as
 * HOLD_TABLE.
 */
void heap_init(void);
void heap_audit_refs(void (*count)(mfn_t mfn, enum page_holder holder));

/* Fault injection: true when a test wants this allocation to fail. */
bool arch_alloc_fails(void);

#endif
