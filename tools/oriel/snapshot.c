/* SPDX-License-Identifier: MIT */
#include "snapshot.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <xenforeignmemory.h>

#include "xen.h"

#define PAGE 4096UL
#define SLOTS_PER_FRAME (PAGE / sizeof(ioreq_t))

/* A copy of frames of a resource, for free().  NULL with errno. */
static void *copy_frames(xc_interface *xch, uint32_t domid, unsigned int type,
                         unsigned int id, unsigned int frame, unsigned int nr)
{
    xenforeignmemory_handle *memory = xc_interface_fmem_handle(xch);
    xenforeignmemory_resource_handle *resource;
    void *p = NULL, *copy = malloc(nr * PAGE);

    if ( !copy )
        return NULL;
    resource = xenforeignmemory_map_resource(memory, (domid_t)domid, type, id,
                                             frame, nr, &p, PROT_READ, 0);
    if ( !resource )
    {
        int err = errno;

        free(copy);
        errno = err;
        return NULL;
    }
    memcpy(copy, p, nr * PAGE);
    xenforeignmemory_unmap_resource(memory, resource);
    return copy;
}

static size_t resource_bytes(xc_interface *xch, uint32_t domid,
                             unsigned int type, unsigned int id)
{
    size_t bytes = 0;

    if ( xenforeignmemory_resource_size(xc_interface_fmem_handle(xch),
                                        (domid_t)domid, type, id, &bytes) )
        return 0;
    return bytes;
}

/* ---- ioreq servers ---- */

static void take_ring(xc_interface *xch, const struct snapshot *s,
                      unsigned int id, struct snapshot_server *server)
{
    struct buffered_iopage *ring = copy_frames(
        xch, s->info.domid, XENMEM_resource_ioreq_server, id,
        XENMEM_resource_ioreq_server_frame_bufioreq, 1);

    if ( !ring )
    {
        server->ring_error = errno;
        return;
    }
    server->read_pointer = ring->read_pointer;
    server->write_pointer = ring->write_pointer;
    memcpy(server->ring, ring->buf_ioreq, sizeof(server->ring));
    free(ring);
}

static void take_server(xc_interface *xch, const struct snapshot *s,
                        unsigned int id, struct snapshot_server *server)
{
    unsigned int wanted = (s->nr_vcpus + SLOTS_PER_FRAME - 1) / SLOTS_PER_FRAME;
    unsigned int frames = (unsigned int)(s->ioreq_bytes / PAGE);

    frames = frames > 1 ? frames - 1 : 1;
    server->nr_frames = wanted && wanted < frames ? wanted : frames;
    server->slot = copy_frames(
        xch, s->info.domid, XENMEM_resource_ioreq_server, id,
        XENMEM_resource_ioreq_server_frame_ioreq(0), server->nr_frames);
    if ( !server->slot )
    {
        server->error = errno == EINVAL ? ENOENT : errno;
        return;
    }
    server->nr_slots = server->nr_frames * SLOTS_PER_FRAME;
    if ( s->nr_vcpus && s->nr_vcpus < server->nr_slots )
        server->nr_slots = s->nr_vcpus;
    take_ring(xch, s, id, server);
}

static void take_servers(xc_interface *xch, struct snapshot *s)
{
    if ( !s->info.hvm )
    {
        s->servers_error = EINVAL;
        return;
    }
    for ( unsigned int id = 0; id < SNAPSHOT_SERVERS; id++ )
    {
        size_t bytes = resource_bytes(xch, s->info.domid,
                                      XENMEM_resource_ioreq_server, id);

        if ( bytes )
            s->ioreq_bytes = bytes;
        take_server(xch, s, id, &s->server[id]);
        if ( s->server[id].error != ENOENT )
            take_claims(xch, s->info.domid, id, &s->server[id]);
    }
}

/* ---- grants ---- */

static bool in_use_v1(const grant_entry_v1_t *e, uint32_t ref,
                      struct snapshot_grant *g)
{
    *g = (struct snapshot_grant){ .ref = ref, .flags = e->flags,
                                  .domid = e->domid, .frame = e->frame };
    return g->flags & GTF_type_mask;
}

static bool in_use_v2(const grant_entry_v2_t *e, grant_status_t status,
                      uint32_t ref, struct snapshot_grant *g)
{
    *g = (struct snapshot_grant){
        .ref = ref, .flags = e->hdr.flags | status, .domid = e->hdr.domid };
    if ( (g->flags & GTF_type_mask) == GTF_transitive )
    {
        g->trans_domid = e->transitive.trans_domid;
        g->trans_ref = e->transitive.gref;
    }
    else if ( g->flags & GTF_sub_page )
    {
        g->page_off = e->sub_page.page_off;
        g->length = e->sub_page.length;
        g->frame = e->sub_page.frame;
    }
    else
        g->frame = e->full_page.frame;
    return g->flags & GTF_type_mask;
}

/* status is NULL if the table has no status frames. */
static int decode_grants(struct snapshot *s, const void *shared,
                         const grant_status_t *status)
{
    s->grant = calloc(s->nr_entries, sizeof(*s->grant));
    if ( !s->grant )
        return ENOMEM;
    for ( uint32_t ref = 0; ref < s->nr_entries; ref++ )
    {
        struct snapshot_grant *g = &s->grant[s->nr_grants];
        bool used =
            s->version == 1
                ? in_use_v1((const grant_entry_v1_t *)shared + ref, ref, g)
                : in_use_v2((const grant_entry_v2_t *)shared + ref,
                            status ? status[ref] : 0, ref, g);

        s->nr_grants += used;
    }
    return 0;
}

/* Map existing frames only: mapping more would make the table grow. */
static int take_frames(xc_interface *xch, struct snapshot *s)
{
    grant_status_t *status = NULL;
    void *shared = copy_frames(xch, s->info.domid, XENMEM_resource_grant_table,
                               XENMEM_resource_grant_table_id_shared, 0,
                               s->nr_frames);
    int rc;

    if ( !shared )
        return errno;
    s->nr_entries = s->nr_frames * (s->version == 1
                                        ? PAGE / sizeof(grant_entry_v1_t)
                                        : PAGE / sizeof(grant_entry_v2_t));
    if ( s->version == 2 )
    {
        s->nr_status_frames = (unsigned int)(
            (s->nr_entries * sizeof(grant_status_t) + PAGE - 1) / PAGE);
        status = copy_frames(xch, s->info.domid, XENMEM_resource_grant_table,
                             XENMEM_resource_grant_table_id_status, 0,
                             s->nr_status_frames);
        if ( !status )
            s->nr_status_frames = 0;
    }
    rc = decode_grants(s, shared, status);
    free(shared);
    free(status);
    return rc;
}

/* Find grants that name a frame or a domain that does not exist. */
static void check_grants(xc_interface *xch, struct snapshot *s)
{
    xenforeignmemory_handle *memory = xc_interface_fmem_handle(xch);

    for ( unsigned int i = 0; i < s->nr_grants; i++ )
    {
        struct snapshot_grant *g = &s->grant[i];
        xen_pfn_t frame = g->frame;
        xc_dominfo_t info;
        int error = 0;
        void *p;

        g->no_domain = !xen_domain(xch, g->domid, &info) && errno == ESRCH;
        if ( (g->flags & GTF_type_mask) != GTF_permit_access )
            continue;
        p = xenforeignmemory_map(memory, s->info.domid, PROT_READ, 1, &frame,
                                 &error);
        g->no_frame = !p || error;
        if ( p )
            xenforeignmemory_unmap(memory, p, 1);
    }
}

static int take_grants(xc_interface *xch, struct snapshot *s)
{
    struct gnttab_query_size query = { .dom = (domid_t)s->info.domid };
    int version = xc_gnttab_get_version(xch, s->info.domid), rc;

    s->shared_bytes = resource_bytes(xch, s->info.domid,
                                     XENMEM_resource_grant_table,
                                     XENMEM_resource_grant_table_id_shared);
    s->status_bytes = resource_bytes(xch, s->info.domid,
                                     XENMEM_resource_grant_table,
                                     XENMEM_resource_grant_table_id_status);
    s->version = version == 2 ? 2 : 1; /* every table was version 1 once */
    if ( xc_gnttab_query_size(xch, &query) )
        return errno;
    if ( query.status != GNTST_okay )
        return query.status == GNTST_bad_domain ? ESRCH : EPERM;
    s->nr_frames = query.nr_frames;
    s->max_frames = query.max_nr_frames;
    rc = s->nr_frames ? take_frames(xch, s) : 0;
    if ( !rc )
        check_grants(xch, s);
    return rc;
}

/* ---- all ---- */

int snapshot_take(xc_interface *xch, const xc_dominfo_t *info,
                  struct snapshot *s)
{
    memset(s, 0, sizeof(*s));
    s->info = *info;
    if ( info->max_vcpu_id != XEN_INVALID_MAX_VCPU_ID )
        s->nr_vcpus = info->max_vcpu_id + 1;
    take_servers(xch, s);
    s->grants_error = take_grants(xch, s);
    if ( s->grants_error == ESRCH || s->grants_error == ENOMEM )
    {
        snapshot_free(s);
        return -s->grants_error;
    }
    return 0;
}

void snapshot_free(struct snapshot *s)
{
    for ( unsigned int id = 0; id < SNAPSHOT_SERVERS; id++ )
    {
        free(s->server[id].slot);
        for ( unsigned int t = 0; t < SNAPSHOT_RANGE_TYPES; t++ )
            free(s->server[id].claims[t].range);
    }
    free(s->grant);
}

const char *ioreq_state_name(unsigned int state)
{
    static const char *const names[] = { "idle", "ready", "in process",
                                         "answered" };

    return state < 4 ? names[state] : "invalid";
}

const char *ioreq_type_name(unsigned int type)
{
    switch ( type )
    {
    case IOREQ_TYPE_PIO: return "port";
    case IOREQ_TYPE_COPY: return "memory";
    case IOREQ_TYPE_PCI_CONFIG: return "pci";
    case IOREQ_TYPE_TIMEOFFSET: return "timeoffset";
    case IOREQ_TYPE_INVALIDATE: return "invalidate";
    default: return "unknown";
    }
}

unsigned int ring_pending(const struct snapshot_server *server)
{
    uint32_t pending = server->write_pointer - server->read_pointer;

    return pending < IOREQ_BUFFER_SLOT_NUM ? pending : IOREQ_BUFFER_SLOT_NUM;
}

unsigned int ring_entry(const struct snapshot_server *server, unsigned int i,
                        struct snapshot_pending *p)
{
    uint32_t at = server->read_pointer + i;
    const buf_ioreq_t *e = &server->ring[at % IOREQ_BUFFER_SLOT_NUM];

    *p = (struct snapshot_pending){ .type = e->type, .dir = e->dir,
                                    .size = 1U << e->size, .addr = e->addr,
                                    .data = e->data };
    if ( p->size < 8 )
        return 1;
    e = &server->ring[(at + 1) % IOREQ_BUFFER_SLOT_NUM];
    p->data |= (uint64_t)e->data << 32;
    return 2;
}

unsigned int grant_flags(const struct snapshot_grant *g,
                         const char *names[GRANT_FLAG_NAMES])
{
    static const struct {
        uint16_t flag;
        const char *access, *transfer;
    } flags[] = {
        { GTF_readonly, "readonly", "committed" },
        { GTF_reading, "reading", "completed" },
        { GTF_writing, "writing", NULL },
        { GTF_PWT, "pwt", NULL },
        { GTF_PCD, "pcd", NULL },
        { GTF_PAT, "pat", NULL },
        { GTF_sub_page, "sub_page", NULL },
    };
    static const char *const types[] = { "invalid", "permit_access",
                                         "accept_transfer", "transitive" };
    unsigned int type = g->flags & GTF_type_mask, nr = 0;

    names[nr++] = types[type];
    for ( unsigned int i = 0; i < sizeof(flags) / sizeof(flags[0]); i++ )
    {
        const char *name = type == GTF_accept_transfer ? flags[i].transfer
                                                       : flags[i].access;

        if ( (g->flags & flags[i].flag) && name )
            names[nr++] = name;
    }
    return nr;
}

const char *grant_purpose(const struct snapshot_grant *g)
{
    switch ( g->ref )
    {
    case GNTTAB_RESERVED_CONSOLE: return "console";
    case GNTTAB_RESERVED_XENSTORE: return "xenstore";
    default: return NULL;
    }
}

bool grant_is_mapped(const struct snapshot_grant *g)
{
    return (g->flags & GTF_type_mask) != GTF_accept_transfer &&
           (g->flags & (GTF_reading | GTF_writing));
}
