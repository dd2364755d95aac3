/* SPDX-License-Identifier: MIT */
/*
 * Live patches of the hypervisor.
 */
#include "private.h"

static int name_size(xc_interface *xch, const char *name)
{
    size_t size = name ? strlen(name) + 1 : 0;

    if ( !size || size > XEN_LIVEPATCH_NAME_SIZE )
    {
        detail(xch, "a patch's name has 1 to %d characters",
               XEN_LIVEPATCH_NAME_SIZE - 1);
        return fail(EINVAL);
    }

    return size;
}

int xc_livepatch_upload(xc_interface *xch, char *name, unsigned char *payload,
                        uint32_t size)
{
    int len = name_size(xch, name);
    struct xen_sysctl op = {
        .cmd = XEN_SYSCTL_livepatch_op,
        .u.livepatch = {
            .cmd = XEN_SYSCTL_LIVEPATCH_UPLOAD,
            .u.upload = { .name.size = len, .size = size },
        },
    };
    struct array a[] = {
        ARRAY(op.u.livepatch.u.upload.name.name, name, len, BOUNCE_IN),
        ARRAY(op.u.livepatch.u.upload.payload, payload, size, BOUNCE_IN),
    };

    if ( len < 0 )
        return -1;
    if ( !payload )
        return fail(EINVAL);

    return sysctl_arrays(xch, &op, a, 2);
}

int xc_livepatch_get(xc_interface *xch, char *name,
                     xen_livepatch_status_t *status)
{
    int len = name_size(xch, name), rc;
    struct xen_sysctl op = {
        .cmd = XEN_SYSCTL_livepatch_op,
        .u.livepatch = {
            .cmd = XEN_SYSCTL_LIVEPATCH_GET,
            .u.get.name.size = len,
        },
    };
    struct array a =
        ARRAY(op.u.livepatch.u.get.name.name, name, len, BOUNCE_IN);

    if ( len < 0 )
        return -1;
    rc = sysctl_arrays(xch, &op, &a, 1);
    *status = op.u.livepatch.u.get.status;

    return rc;
}

static int livepatch_action(xc_interface *xch, char *name, uint32_t action,
                            uint32_t timeout, uint32_t flags)
{
    int len = name_size(xch, name);
    struct xen_sysctl op = {
        .cmd = XEN_SYSCTL_livepatch_op,
        .u.livepatch = {
            .cmd = XEN_SYSCTL_LIVEPATCH_ACTION,
            .u.action = {
                .name.size = len,
                .cmd = action,
                .timeout = timeout,
                .flags = flags,
            },
        },
    };
    struct array a =
        ARRAY(op.u.livepatch.u.action.name.name, name, len, BOUNCE_IN);

    return len < 0 ? -1 : sysctl_arrays(xch, &op, &a, 1);
}

int xc_livepatch_apply(xc_interface *xch, char *name, uint32_t timeout,
                       uint32_t flags)
{
    return livepatch_action(xch, name, LIVEPATCH_ACTION_APPLY, timeout, flags);
}

int xc_livepatch_revert(xc_interface *xch, char *name, uint32_t timeout,
                        uint32_t flags)
{
    return livepatch_action(xch, name, LIVEPATCH_ACTION_REVERT, timeout,
                            flags);
}

int xc_livepatch_unload(xc_interface *xch, char *name, uint32_t timeout,
                        uint32_t flags)
{
    return livepatch_action(xch, name, LIVEPATCH_ACTION_UNLOAD, timeout,
                            flags);
}

int xc_livepatch_replace(xc_interface *xch, char *name, uint32_t timeout,
                         uint32_t flags)
{
    return livepatch_action(xch, name, LIVEPATCH_ACTION_REPLACE, timeout,
                            flags);
}

/* --- the list ------------------------------------------------------------ */

int xc_livepatch_list_get_sizes(xc_interface *xch, unsigned int *nr,
                                uint32_t *name_total_size,
                                uint32_t *metadata_total_size)
{
    struct xen_sysctl op = {
        .cmd = XEN_SYSCTL_livepatch_op,
        .u.livepatch.cmd = XEN_SYSCTL_LIVEPATCH_LIST,
    };
    int rc;

    if ( !nr || !name_total_size || !metadata_total_size )
        return fail(EINVAL);
    rc = do_sysctl(xch, &op);
    if ( rc )
        return rc;

    *nr = op.u.livepatch.u.list.nr;
    *name_total_size = op.u.livepatch.u.list.name_total_size;
    *metadata_total_size = op.u.livepatch.u.list.metadata_total_size;

    return 0;
}

/* Where the next part of a list goes. */
struct list_at {
    struct xen_livepatch_status *info;
    char *name, *metadata;
    uint32_t *len, *metadata_len;
    uint32_t name_size, metadata_size; /* what is left */
};

/* One hypercall for nr patches from idx on: how many it described, or -1. */
static int list_part(xc_interface *xch, struct xen_sysctl_livepatch_list *list,
                     unsigned int idx, unsigned int nr, struct list_at *at)
{
    struct xen_sysctl op = {
        .cmd = XEN_SYSCTL_livepatch_op,
        .u.livepatch = {
            .cmd = XEN_SYSCTL_LIVEPATCH_LIST,
            .u.list = { .idx = idx, .nr = nr },
        },
    };
    struct xen_sysctl_livepatch_list *l = &op.u.livepatch.u.list;
    struct array a[] = {
        ARRAY(l->status, at->info, nr * sizeof(*at->info), BOUNCE_OUT),
        ARRAY(l->name, at->name, at->name_size, BOUNCE_OUT),
        ARRAY(l->len, at->len, nr * sizeof(*at->len), BOUNCE_OUT),
        ARRAY(l->metadata, at->metadata, at->metadata_size, BOUNCE_OUT),
        ARRAY(l->metadata_len, at->metadata_len,
              nr * sizeof(*at->metadata_len), BOUNCE_OUT),
    };
    int rc = sysctl_arrays(xch, &op, a, 5);

    *list = *l;

    return rc;
}

int xc_livepatch_list(xc_interface *xch, const unsigned int max,
                      const unsigned int start,
                      struct xen_livepatch_status *info, char *name,
                      uint32_t *len, const uint32_t name_total_size,
                      char *metadata, uint32_t *metadata_len,
                      const uint32_t metadata_total_size, unsigned int *done,
                      unsigned int *left)
{
    struct list_at at = {
        info, name, metadata, len, metadata_len, name_total_size,
        metadata_total_size,
    };
    struct xen_sysctl_livepatch_list list;
    unsigned int nr = max;
    uint32_t version = 0;
    bool first = true;
    int rc;

    if ( !max || !info || !name || !len || !metadata || !metadata_len ||
         !done || !left )
        return fail(EINVAL);

    *done = *left = 0;
    for ( ;; )
    {
        if ( nr > max - *done )
            nr = max - *done;
        rc = list_part(xch, &list, start + *done, nr, &at);
        if ( rc < 0 )
        {
            /* As many as the hypervisor takes. */
            if ( errno == E2BIG && nr > 1 )
            {
                nr >>= 1;
                continue;
            }
            return rc;
        }

        /* It changed: what was got is of no use. */
        if ( !first && list.version != version )
            return fail(EAGAIN);
        first = false;
        version = list.version;

        *left = list.nr;
        *done += rc;
        at.info += rc;
        at.len += rc;
        at.metadata_len += rc;
        at.name += list.name_total_size;
        at.name_size -= list.name_total_size;
        at.metadata += list.metadata_total_size;
        at.metadata_size -= list.metadata_total_size;
        if ( *done >= max || !*left )
            return 0;
    }
}
