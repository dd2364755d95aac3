/* SPDX-License-Identifier: MIT */
/* The debug key `g`: grant tables, and grants that somebody holds. */
#include "gnttab-private.h"

#include <hv/keys.h>

static void print_entry(struct key_press *k, grant_ref_t ref,
                        const struct active_entry *a)
{
    unsigned int pins = 0;

    for ( unsigned int i = 0; i < NR_PINS; i++ )
        pins += a->pin[i];
    if ( pins )
        key_print(k, "  ref %u: to d%u, frame %#lx, pins host %u/%u device "
                  "%u/%u (reading/writing)%s", ref, a->domid,
                  mfn_x(page_to_mfn(a->page)), a->pin[PIN_HOST_R],
                  a->pin[PIN_HOST_W], a->pin[PIN_DEV_R], a->pin[PIN_DEV_W],
                  a->sub_page ? ", part of a page" : "");
}

/* The chunk of active entries from *chunk on; false: there is none. */
static bool print_chunk(struct key_press *k, struct grant_table *gt,
                        unsigned int *chunk)
{
    const struct active_entry *a;

    spin_lock(&gt->lock);
    a = ptr_array_next(&gt->active, chunk);
    for ( unsigned int i = 0; a && i < ACTIVE_PER_CHUNK; i++ )
        print_entry(k, *chunk * ACTIVE_PER_CHUNK + i, &a[i]);
    spin_unlock(&gt->lock);
    ++*chunk;
    return a != NULL;
}

static void print_table(struct key_press *k, struct domain *d)
{
    struct grant_table *gt = d->grant;
    unsigned int chunk = 0;

    if ( !gt )
        return;
    key_print(k, "d%u: version %u, %u of %u frames, %u status frames, %u "
              "grants in use; maptrack: %u of %u handles exist", d->domain_id,
              READ_ONCE(gt->version), READ_ONCE(gt->nr_frames), gt->max_frames,
              READ_ONCE(gt->nr_status), READ_ONCE(gt->nr_pinned),
              READ_ONCE(gt->nr_handles), gt->max_handles);
    while ( !key_is_full(k) && print_chunk(k, gt, &chunk) )
        continue;
}

int grant_key_tables(struct key_press *k)
{
    key_each_domain(k, print_table);
    return 0;
}
