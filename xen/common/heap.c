/* SPDX-License-Identifier: MIT */
/* Small objects: zeroing and fault injection over the machine's heap. */
#include <hv/heap.h>
#include <hv/lib.h>

void *hv_zalloc(size_t bytes)
{
    void *p;

    if ( arch_alloc_fails() )
        return NULL;
    p = arch_heap_alloc(bytes);
    if ( p )
        memset(p, 0, bytes);
    return p;
}

void *hv_zalloc_array(size_t nr, size_t size)
{
    size_t bytes;

    if ( __builtin_mul_overflow(nr, size, &bytes) )
        return NULL;
    return hv_zalloc(bytes);
}

void hv_free(void *p)
{
    if ( p )
        arch_heap_free(p);
}
