/* SPDX-License-Identifier: MIT */
/*
 * Grant tables, as the rest of the core uses them.
 *
 * A domain's table: shared frames with the entries its guest writes, status
 * frames when it is version 2, one active entry for each grant that somebody
 * holds (a pin), and the maptrack table of what the domain itself has mapped
 * of others'.
 */
#ifndef HV_GRANT_H
#define HV_GRANT_H

#include <hv/page.h>
#include <hv/types.h>

#include <xen/grant_table.h>

struct domain;
struct xen_domctl_createdomain;

/*
 * A version 1 table of one frame, with limits from d->config.  Negative
 * max_grant_frames and max_maptrack_frames stand for the defaults, 64 and
 * 1024.  -EINVAL: no frame, more than MAX_GRANT_FRAMES or 65536 maptrack
 * frames, or grant_opts other than a version 1 or 2; -ENOMEM.  d->grant is
 * set on success only.
 */
int grant_table_init(struct domain *d) must_check;
/*
 * The most pages that a table of this configuration has: shared and status
 * frames.
 */
uint64_t grant_max_pages(const struct xen_domctl_createdomain *config);
/* Of a relinquished table, when nothing of it is pinned any more. */
void grant_table_destroy(struct domain *d);

/*
 * Drop the frames of the table of a dying domain: 0, or -ERESTART.  What others
 * hold of its grants stays valid, and keeps the domain from being freed.
 */
int grant_table_relinquish(struct domain *d) must_check;

/* Undo all mappings d holds of others: 0, or -ERESTART. */
int grant_relinquish_mappings(struct domain *d) must_check;

/* ---- resource type 1 (resource.c) and XENMAPSPACE_grant_table ---- */

/*
 * Frames that can be reached for id 0 (shared) or 1 (status).  -EINVAL: any
 * other id, or status of a version 1 table.
 */
long grant_resource_size(struct domain *d, uint32_t id);
/*
 * Frames [frame, frame + nr) of id, the table grown as needed, one reference
 * taken on each page; all or none.  -EINVAL: bad id, beyond the limit, status
 * of a version 1 table, no memory to grow; -ERESTART: call again.  What was
 * grown stays.
 */
int grant_resource_get(struct domain *d, uint32_t id, uint64_t frame,
                       unsigned int nr, struct page **pages);
/*
 * The frame for XENMAPSPACE_grant_table index idx (XENMAPIDX_grant_table_status
 * for status frames), with a reference; the guest then maps it.  -EINVAL,
 * -ERESTART.
 */
int grant_map_frame(struct domain *d, unsigned long idx, struct page **page);

/* Audit: count the references that d's table and active entries hold. */
void grant_audit_refs(struct domain *d,
                      void (*count)(mfn_t mfn, enum page_holder holder));

#endif
