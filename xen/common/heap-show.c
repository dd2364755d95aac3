/* SPDX-License-Identifier: MIT */
/* Debug key `H`: how much memory is free, and what the hypervisor has of it. */
#include <hv/heap.h>
#include <hv/keys.h>
#include <hv/page.h>

int heap_key_use(struct key_press *k)
{
    key_print(k, "frames: %lu, free %lu", (unsigned long)nr_frames,
              (unsigned long)page_nr_free());
    arch_heap_show(k);
    return 0;
}
