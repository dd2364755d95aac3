/* SPDX-License-Identifier: MIT */
/* A snapshot in columns, for people. */
#include <errno.h>
#include <string.h>

#include "snapshot.h"
#include "xen.h"

#define WIDTH 79 /* of a line of ranges */

static int range_text(unsigned int type, const struct oriel_ioreq_range *r,
                      char *text, size_t size)
{
    if ( type == XEN_DMOP_IO_RANGE_PCI )
    {
        char first[PCI_NAME], last[PCI_NAME];

        pci_name(r->start, first);
        pci_name(r->end, last);
        return r->start == r->end ? snprintf(text, size, " %s", first)
                                  : snprintf(text, size, " %s-%s", first, last);
    }
    return r->start == r->end
               ? snprintf(text, size, " %#llx", (unsigned long long)r->start)
               : snprintf(text, size, " %#llx-%#llx",
                          (unsigned long long)r->start,
                          (unsigned long long)r->end);
}

/* Where the next range of a list of one type is printed. */
struct column {
    FILE *to;
    unsigned int type, indent;
    int at; /* 0: nothing is printed */
};

static void print_range(struct column *c, const struct oriel_ioreq_range *r)
{
    char text[64];
    int len = range_text(c->type, r, text, sizeof(text));
    bool first = !c->at;

    if ( first || c->at + len > WIDTH )
        c->at = fprintf(c->to, "%s%*s%-7s", first ? "" : "\n", c->indent, "",
                        first ? claim_type_name(c->type) : "");
    c->at += fprintf(c->to, "%s", text);
}

static void end_ranges(const struct column *c)
{
    if ( c->at )
        fputc('\n', c->to);
}

static void print_overlaps_with(const struct snapshot *s, unsigned int own,
                                unsigned int id, FILE *to)
{
    const struct snapshot_server *a = &s->server[own], *b = &s->server[id];
    bool any = false;

    for ( unsigned int t = 0; t < SNAPSHOT_RANGE_TYPES; t++ )
    {
        struct column c = { .to = to, .type = t, .indent = 6 };
        struct oriel_ioreq_range both;
        unsigned int i = 0, j = 0;

        while ( next_overlap(&a->claims[t], &b->claims[t], &i, &j, &both) )
        {
            if ( !any )
                fprintf(to, "    overlap with server %u, %s:\n", id,
                        !(b->flags & ORIEL_IOREQ_ENABLED) ? "which is disabled"
                        : id > own ? "which takes precedence"
                                   : "before which it takes precedence");
            any = true;
            print_range(&c, &both);
        }
        end_ranges(&c);
    }
}

static void print_overlaps(const struct snapshot *s, unsigned int own, FILE *to)
{
    for ( unsigned int id = 0; id < SNAPSHOT_SERVERS; id++ )
        if ( id != own && s->server[id].error != ENOENT )
            print_overlaps_with(s, own, id, to);
}

static void print_claims(const struct snapshot *s, unsigned int id, FILE *to)
{
    const struct snapshot_server *server = &s->server[id];
    unsigned int nr = 0;

    if ( server->claims_error )
    {
        fprintf(to, "    claims: %s\n",
                server->claims_error == ENOSYS
                    ? "not told by this hypervisor"
                    : strerror(server->claims_error));
        return;
    }
    for ( unsigned int t = 0; t < SNAPSHOT_RANGE_TYPES; t++ )
    {
        const struct snapshot_ranges *r = &server->claims[t];
        struct column c = { .to = to, .type = t, .indent = 4 };

        for ( unsigned int i = 0; i < r->nr; i++ )
            print_range(&c, &r->range[i]);
        end_ranges(&c);
        nr += r->nr;
    }
    if ( !nr )
        fputs("    claims nothing\n", to);
    print_overlaps(s, id, to);
    fprintf(to, "    %llu requests, %llu of them without an event; %llu buffered "
            "writes, %llu\n", (unsigned long long)server->requests,
            (unsigned long long)server->silent_requests,
            (unsigned long long)server->entries,
            (unsigned long long)server->silent_entries);
}

/* Of configuration space: the function and the register. */
static void address_text(const ioreq_t *p, char text[PCI_NAME + 8])
{
    char function[PCI_NAME];

    pci_name(p->addr >> 32, function);
    if ( p->type == IOREQ_TYPE_PCI_CONFIG )
        snprintf(text, PCI_NAME + 8, "%s+%#x", function,
                 (unsigned int)p->addr);
    else
        snprintf(text, PCI_NAME + 8, "%#llx", (unsigned long long)p->addr);
}

static void print_slots(const struct snapshot_server *server, FILE *to)
{
    unsigned int idle = 0, first = 0, last = 0;

    for ( unsigned int i = 0; i < server->nr_slots; i++ )
        idle += server->slot[i].state == STATE_IOREQ_NONE;
    if ( idle < server->nr_slots )
        fprintf(to, "    %-6s %-10s %-5s %-10s %14s %4s %6s %20s %6s\n",
                "vcpu", "state", "dir", "type", "address", "size", "count",
                "data", "port");
    for ( unsigned int i = 0; i < server->nr_slots; i++ )
    {
        const ioreq_t *p = &server->slot[i];
        char address[PCI_NAME + 8];

        if ( p->state == STATE_IOREQ_NONE )
        {
            if ( !first || p->vp_eport < first )
                first = p->vp_eport;
            if ( p->vp_eport > last )
                last = p->vp_eport;
            continue;
        }
        address_text(p, address);
        fprintf(to, "    %-6u %-10s %-5s %-10s %14s %4u %6u %s%#18llx %6u\n",
                i, ioreq_state_name(p->state),
                p->dir == IOREQ_READ ? "read" : "write",
                ioreq_type_name(p->type), address, p->size,
                p->count, p->data_is_ptr ? "@ " : "  ",
                (unsigned long long)p->data, p->vp_eport);
    }
    if ( !idle )
        return;
    fprintf(to, "    %u of %u slots idle, ", idle, server->nr_slots);
    if ( last && first == last )
        fprintf(to, "port %u\n", last);
    else if ( last )
        fprintf(to, "ports %u to %u\n", first, last);
    else
        fprintf(to, "no ports: the server is not enabled\n");
}

static void print_ring(const struct snapshot_server *server, FILE *to)
{
    unsigned int pending = ring_pending(server), i = 0;

    if ( server->ring_error )
    {
        fprintf(to, "    ring: %s\n", server->ring_error == ENOENT
                                          ? "none"
                                          : strerror(server->ring_error));
        return;
    }
    fprintf(to, "    ring: read %u, write %u: %u of %u pending",
            server->read_pointer, server->write_pointer, pending,
            IOREQ_BUFFER_SLOT_NUM);
    if ( server->ring_port )
        fprintf(to, ", port %u", server->ring_port);
    fputc('\n', to);
    while ( i < pending )
    {
        struct snapshot_pending p;

        i += ring_entry(server, i, &p);
        fprintf(to, "      %-5s %-10s %#14x %4u %#20llx\n",
                p.dir == IOREQ_READ ? "read" : "write",
                ioreq_type_name(p.type), p.addr, p.size,
                (unsigned long long)p.data);
    }
}

static void print_servers(const struct snapshot *s, FILE *to)
{
    unsigned int nr = 0;

    for ( unsigned int id = 0; id < SNAPSHOT_SERVERS && !s->servers_error;
          id++ )
    {
        const struct snapshot_server *server = &s->server[id];

        if ( server->error == ENOENT )
            continue;
        nr++;
        fprintf(to, "  ioreq server %u:", id);
        if ( !server->claims_error )
            fprintf(to, " of d%u, %s,", server->emulator,
                    server->flags & ORIEL_IOREQ_ENABLED ? "enabled"
                                                        : "disabled");
        if ( server->error )
        {
            fprintf(to, " %s\n",
                    server->error == EPERM
                        ? "not mapped: its pages are at frame numbers of the "
                          "guest, or another domain created it"
                        : strerror(server->error));
            print_claims(s, id, to);
            continue;
        }
        fprintf(to, " %u frame%s of slots\n",
                server->nr_frames, server->nr_frames == 1 ? "" : "s");
        print_claims(s, id, to);
        print_slots(server, to);
        print_ring(server, to);
    }
    if ( s->servers_error )
        fprintf(to, "  no ioreq servers: a PV domain\n");
    else if ( !nr )
        fprintf(to, "  no ioreq servers\n");
}

static void print_grant(const struct snapshot_grant *g, FILE *to)
{
    const char *names[GRANT_FLAG_NAMES];
    unsigned int nr = grant_flags(g, names);
    char text[128] = "";

    for ( unsigned int i = 0; i < nr; i++ )
    {
        strcat(text, i ? " " : "");
        strcat(text, names[i]);
    }
    fprintf(to, "    %-8u %6u ", g->ref, g->domid);
    if ( (g->flags & GTF_type_mask) == GTF_transitive )
        fprintf(to, "%6s d%u ref %u", "", g->trans_domid, g->trans_ref);
    else
        fprintf(to, "%#14llx", (unsigned long long)g->frame);
    fprintf(to, "  %s", text);
    if ( g->length )
        fprintf(to, ", bytes %u-%u", g->page_off,
                g->page_off + g->length - 1U);
    if ( grant_purpose(g) )
        fprintf(to, ", %s", grant_purpose(g));
    if ( grant_is_mapped(g) )
        fprintf(to, ", mapped by d%u", g->domid);
    if ( g->no_frame )
        fputs(", no such frame", to);
    if ( g->no_domain )
        fprintf(to, ", no domain %u", g->domid);
    fputc('\n', to);
}

static void print_grants(const struct snapshot *s, FILE *to)
{
    if ( s->grants_error )
    {
        fprintf(to, "  grant table: %s\n", strerror(s->grants_error));
        return;
    }
    fprintf(to, "  grant table: version %u, %u of %u frames", s->version,
            s->nr_frames, s->max_frames);
    if ( s->version == 2 )
        fprintf(to, ", %u of status", s->nr_status_frames);
    fprintf(to, "; %u of %u entries in use\n", s->nr_grants, s->nr_entries);
    if ( s->nr_grants )
        fprintf(to, "    %-8s %6s %14s  %s\n", "ref", "to", "frame", "flags");
    for ( unsigned int i = 0; i < s->nr_grants; i++ )
        print_grant(&s->grant[i], to);
}

void snapshot_text(const struct snapshot *s, FILE *to)
{
    fprintf(to, "%s: %s, %u vcpu%s\n", xen_label(&s->info),
            xen_type(&s->info), s->nr_vcpus,
            s->nr_vcpus == 1 ? "" : "s");
    fprintf(to, "  sizes: grant table %zu KiB shared", s->shared_bytes >> 10);
    if ( s->status_bytes )
        fprintf(to, ", %zu KiB status", s->status_bytes >> 10);
    if ( s->ioreq_bytes )
        fprintf(to, "; each ioreq server %zu KiB", s->ioreq_bytes >> 10);
    fputc('\n', to);
    print_servers(s, to);
    print_grants(s, to);
}
