/* SPDX-License-Identifier: MIT */
/*
 * Grant tables, as the rest of the core uses them.
 *
 * A domain's table has shared frames with the entries its guest writes, status
 * frames if its version is 2, an active entry for each grant that is in use by
 * another domain (pinned), and the maptrack table, which lists the domain's own
 * mappings of other domains' grants.
 */
#ifndef HV_GRANT_H
#define HV_GRANT_H

#include <hv/page.h>
#include <hv/types.h>

#include <xen/grant_table.h>

struct domain;
struct xen_domctl_createdomain;

/*
 * Create a version 1 table of one frame, with limits from d->config.  Negative
 * max_grant_frames and max_maptrack_frames mean the defaults, 64 and 1024.
 * -EINVAL no frame, more than MAX_GRANT_FRAMES or 65536 maptrack frames, or
 * grant_opts other than version 1 or 2; -ENOMEM.  d->grant is set on success
 * only.
 */
int grant_table_init(struct domain *d) must_check;
/*
 * The maximum number of pages, shared and status frames, of a table with this
 * configuration.
 */
uint64_t grant_max_pages(const struct xen_domctl_createdomain *config);
/* Free a table that is relinquished and has no pins any more. */
void grant_table_destroy(struct domain *d);

/*
 * Drop the frames of the table of a dying domain: 0, or -ERESTART, call again.
 * Pins of other domains stay valid, and keep the domain from being freed.
 */
int grant_table_relinquish(struct domain *d) must_check;

/* Undo all mappings of other domains' grants: 0, or -ERESTART, call again. */
int grant_relinquish_mappings(struct domain *d) must_check;

/* ---- resource type 1 (resource.c) and XENMAPSPACE_grant_table ---- */

/*
 * The number of frames that id 0 (shared) or 1 (status) can have.  -EINVAL any
 * other id, or status of a version 1 table.
 */
long grant_resource_size(struct domain *d, uint32_t id);
/*
 * Get the frames [frame, frame + nr) of id, with one reference on each page;
 * all or none.  The table grows as needed, and stays grown on failure.  -EINVAL
 * bad id, beyond the limit, status of a version 1 table, or no memory to grow;
 * -ERESTART: call again.
 */
int grant_resource_get(struct domain *d, uint32_t id, uint64_t frame,
                       unsigned int nr, struct page **pages);
/*
 * The frame for XENMAPSPACE_grant_table index idx, to which a status frame adds
 * XENMAPIDX_grant_table_status; with a reference, for the caller to map.
 * -EINVAL and -ERESTART as grant_resource_get().
 */
int grant_map_frame(struct domain *d, unsigned long idx, struct page **page);

/* Audit: count() each frame as HOLD_TABLE, each pinned page as HOLD_GRANT. */
void grant_audit_refs(struct domain *d,
                      void (*count)(mfn_t mfn, enum page_holder holder));

#endif
