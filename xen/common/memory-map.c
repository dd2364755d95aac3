/* SPDX-License-Identifier: MIT */
/*
 * Memory maps: the map that the builder set for a domain, and the host's.
 *
 * A domain's map is one array, which is replaced as a whole under d->lock.
 */
#include <hv/domain.h>
#include <hv/guest-access.h>
#include <hv/heap.h>
#include <hv/lib.h>
#include <hv/memory.h>

_Static_assert(sizeof(struct e820entry) == 20, "ABI");

static long put_map(uint64_t arg, struct xen_memory_map *map,
                    const struct e820entry *entries, unsigned int nr)
{
    map->nr_entries = nr;
    if ( guest_copy_out(handle_addr(map->buffer), entries,
                        nr * sizeof(*entries)) ||
         copy_field_to_arg(arg, map, nr_entries) )
        return -EFAULT;
    return 0;
}

/* -ENOSYS no map was set.  A guest's array that is too short is filled. */
long memory_get_map(uint64_t arg)
{
    struct domain *d = current_domain;
    struct xen_memory_map map;
    struct e820entry *copy;
    unsigned int nr;
    long rc;

    copy = new_array(struct e820entry, MAX_MEMORY_MAP);
    if ( !copy )
        return -ENOMEM;
    spin_lock(&d->lock);
    nr = d->nr_memory_map;
    if ( nr )
        memcpy(copy, d->memory_map, nr * sizeof(*copy));
    spin_unlock(&d->lock);

    if ( !nr )
        rc = -ENOSYS;
    else if ( copy_from_arg(&map, arg) )
        rc = -EFAULT;
    else
        rc = put_map(arg, &map, copy, min(nr, map.nr_entries));
    hv_free(copy);
    return rc;
}

/* -EPERM; -EINVAL too little room (Xen asks for one entry to spare). */
long memory_get_machine_map(uint64_t arg)
{
    const struct e820entry *host;
    struct xen_memory_map map;
    unsigned int nr;

    if ( !is_control_domain(current_domain) )
        return -EPERM;
    if ( copy_from_arg(&map, arg) )
        return -EFAULT;
    nr = arch_host_e820(&host);
    if ( map.nr_entries < nr + 1 )
        return -EINVAL;
    return put_map(arg, &map, host, nr);
}

/* In order: -EFAULT, -EINVAL too many, -ESRCH, -EPERM, -ENOMEM, -EFAULT. */
long memory_set_map(uint64_t arg)
{
    struct xen_foreign_memory_map f;
    struct e820entry *map = NULL, *old;
    unsigned int nr;
    struct domain *d;
    long rc;

    if ( copy_from_arg(&f, arg) )
        return -EFAULT;
    nr = f.map.nr_entries;
    if ( nr > MAX_MEMORY_MAP )
        return -EINVAL;
    rc = domain_get_any(f.domid, &d);
    if ( rc )
        return rc;
    rc = memory_allowed(d);
    if ( rc || !nr )
        goto set;
    map = new_array(struct e820entry, nr);
    if ( !map )
        rc = -ENOMEM;
    else if ( guest_copy_in(map, handle_addr(f.map.buffer),
                            nr * sizeof(*map)) )
        rc = -EFAULT;

 set:
    if ( !rc )
    {
        spin_lock(&d->lock);
        old = d->memory_map;
        d->memory_map = map;
        d->nr_memory_map = nr;
        spin_unlock(&d->lock);
        map = old;
    }
    hv_free(map);
    domain_put(d);
    return rc;
}
