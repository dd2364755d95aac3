/* SPDX-License-Identifier: MIT */
/*
 * A snapshot as JSON (RFC 8259).  Numbers are decimal, 64-bit values and
 * addresses strings "0x..." because most readers keep 53 bits.
 */
#include <errno.h>
#include <string.h>

#include "snapshot.h"
#include "state.h"
#include "uuid.h"
#include "xen.h"

static void print_string(const char *text, FILE *to)
{
    fputc('"', to);
    for ( ; *text; text++ )
        if ( *text == '"' || *text == '\\' )
            fprintf(to, "\\%c", *text);
        else if ( (unsigned char)*text < 0x20 )
            fprintf(to, "\\u%04x", (unsigned char)*text);
        else
            fputc(*text, to);
    fputc('"', to);
}

static void print_slot(const ioreq_t *p, unsigned int vcpu, FILE *to)
{
    fprintf(to, "{\"vcpu\":%u,\"state\":\"%s\",\"port\":%u", vcpu,
            ioreq_state_name(p->state), p->vp_eport);
    if ( p->state != STATE_IOREQ_NONE )
        fprintf(to, ",\"dir\":\"%s\",\"type\":\"%s\",\"addr\":\"%#llx\","
                "\"size\":%u,\"count\":%u,\"data_is_ptr\":%s,\"df\":%s,"
                "\"data\":\"%#llx\"",
                p->dir == IOREQ_READ ? "read" : "write",
                ioreq_type_name(p->type), (unsigned long long)p->addr, p->size,
                p->count, p->data_is_ptr ? "true" : "false",
                p->df ? "true" : "false", (unsigned long long)p->data);
    fputc('}', to);
}

static void print_ring(const struct snapshot_server *server, FILE *to)
{
    unsigned int pending = ring_pending(server), i = 0;

    fprintf(to, "{\"read\":%u,\"write\":%u,\"pending\":[",
            server->read_pointer, server->write_pointer);
    while ( i < pending )
    {
        struct snapshot_pending p;

        if ( i )
            fputc(',', to);
        i += ring_entry(server, i, &p);
        fprintf(to, "{\"dir\":\"%s\",\"type\":\"%s\",\"addr\":\"%#x\","
                "\"size\":%u,\"data\":\"%#llx\"}",
                p.dir == IOREQ_READ ? "read" : "write",
                ioreq_type_name(p.type), p.addr, p.size,
                (unsigned long long)p.data);
    }
    fputs("]}", to);
}

static void print_range(unsigned int type, const struct oriel_ioreq_range *r,
                        FILE *to)
{
    char first[PCI_NAME], last[PCI_NAME];

    if ( type != XEN_DMOP_IO_RANGE_PCI )
    {
        fprintf(to, "[\"%#llx\",\"%#llx\"]", (unsigned long long)r->start,
                (unsigned long long)r->end);
        return;
    }
    pci_name(r->start, first);
    pci_name(r->end, last);
    fprintf(to, "[\"%s\",\"%s\"]", first, last);
}

static void print_overlaps(const struct snapshot *s, unsigned int own, FILE *to)
{
    const char *comma = "";

    fputs("\"overlaps\":[", to);
    for ( unsigned int id = 0; id < SNAPSHOT_SERVERS; id++ )
        for ( unsigned int t = 0; t < SNAPSHOT_RANGE_TYPES && id != own &&
                                  s->server[id].error != ENOENT; t++ )
        {
            struct oriel_ioreq_range both;
            unsigned int i = 0, j = 0;

            while ( next_overlap(&s->server[own].claims[t],
                                 &s->server[id].claims[t], &i, &j, &both) )
            {
                fprintf(to, "%s{\"server\":%u,\"type\":\"%s\",\"range\":",
                        comma, id, claim_type_name(t));
                print_range(t, &both, to);
                fputc('}', to);
                comma = ",";
            }
        }
    fputs("],", to);
}

static void print_claims(const struct snapshot *s, unsigned int id, FILE *to)
{
    const struct snapshot_server *server = &s->server[id];

    if ( server->claims_error )
    {
        fputs("\"claims\":null,", to);
        return;
    }
    fprintf(to, "\"emulator\":%u,\"enabled\":%s,\"ring_port\":%u,",
            server->emulator,
            server->flags & ORIEL_IOREQ_ENABLED ? "true" : "false",
            server->ring_port);
    fprintf(to, "\"sent\":{\"requests\":\"%#llx\",\"silent_requests\":\"%#llx\","
            "\"entries\":\"%#llx\",\"silent_entries\":\"%#llx\"},",
            (unsigned long long)server->requests,
            (unsigned long long)server->silent_requests,
            (unsigned long long)server->entries,
            (unsigned long long)server->silent_entries);
    fputs("\"claims\":{", to);
    for ( unsigned int t = 0; t < SNAPSHOT_RANGE_TYPES; t++ )
    {
        const struct snapshot_ranges *r = &server->claims[t];

        fprintf(to, "%s\"%s\":[", t ? "," : "", claim_type_name(t));
        for ( unsigned int i = 0; i < r->nr; i++ )
        {
            if ( i )
                fputc(',', to);
            print_range(t, &r->range[i], to);
        }
        fputc(']', to);
    }
    fputs("},", to);
    print_overlaps(s, id, to);
}

static void print_server(const struct snapshot *s, unsigned int id, FILE *to)
{
    const struct snapshot_server *server = &s->server[id];

    fprintf(to, "{\"id\":%u,", id);
    print_claims(s, id, to);
    if ( server->error )
    {
        fputs("\"error\":", to);
        print_string(strerror(server->error), to);
        fputc('}', to);
        return;
    }
    fprintf(to, "\"frames\":%u,\"slots\":[", server->nr_frames);
    for ( unsigned int i = 0; i < server->nr_slots; i++ )
    {
        if ( i )
            fputc(',', to);
        print_slot(&server->slot[i], i, to);
    }
    fputs("],\"ring\":", to);
    if ( server->ring_error )
        fputs("null", to);
    else
        print_ring(server, to);
    fputc('}', to);
}

static void print_servers(const struct snapshot *s, FILE *to)
{
    const char *comma = "";

    fprintf(to, ",\"ioreq_bytes\":%zu,\"ioreq_servers\":[", s->ioreq_bytes);
    for ( unsigned int id = 0; id < SNAPSHOT_SERVERS && !s->servers_error;
          id++ )
        if ( s->server[id].error != ENOENT )
        {
            fputs(comma, to);
            print_server(s, id, to);
            comma = ",";
        }
    fputc(']', to);
}

static void print_grant(const struct snapshot_grant *g, FILE *to)
{
    const char *names[GRANT_FLAG_NAMES];
    unsigned int nr = grant_flags(g, names);

    fprintf(to, "{\"ref\":%u,\"domid\":%u,\"flags\":[", g->ref, g->domid);
    for ( unsigned int i = 0; i < nr; i++ )
        fprintf(to, "%s\"%s\"", i ? "," : "", names[i]);
    fputc(']', to);
    if ( (g->flags & GTF_type_mask) == GTF_transitive )
        fprintf(to, ",\"trans_domid\":%u,\"trans_ref\":%u", g->trans_domid,
                g->trans_ref);
    else
        fprintf(to, ",\"frame\":\"%#llx\"", (unsigned long long)g->frame);
    if ( g->length )
        fprintf(to, ",\"page_off\":%u,\"length\":%u", g->page_off, g->length);
    if ( grant_purpose(g) )
        fprintf(to, ",\"purpose\":\"%s\"", grant_purpose(g));
    fprintf(to, ",\"mapped\":%s,\"frame_exists\":%s,\"domain_exists\":%s}",
            grant_is_mapped(g) ? "true" : "false",
            g->no_frame ? "false" : "true", g->no_domain ? "false" : "true");
}

static void print_grants(const struct snapshot *s, FILE *to)
{
    fputs(",\"grant_table\":{", to);
    if ( s->grants_error )
    {
        fputs("\"error\":", to);
        print_string(strerror(s->grants_error), to);
        fputc('}', to);
        return;
    }
    fprintf(to, "\"version\":%u,\"frames\":%u,\"max_frames\":%u,"
            "\"status_frames\":%u,\"shared_bytes\":%zu,\"status_bytes\":%zu,"
            "\"entries\":%u,\"in_use\":[", s->version, s->nr_frames,
            s->max_frames, s->nr_status_frames, s->shared_bytes,
            s->status_bytes, s->nr_entries);
    for ( unsigned int i = 0; i < s->nr_grants; i++ )
    {
        if ( i )
            fputc(',', to);
        print_grant(&s->grant[i], to);
    }
    fputs("]}", to);
}

void snapshot_json(const struct snapshot *s, FILE *to)
{
    struct state_record record;
    char uuid[UUID_TEXT];

    uuid_format(s->info.handle, uuid);
    fprintf(to, "{\"domid\":%u,\"name\":", s->info.domid);
    if ( state_read(s->info.handle, &record) )
        print_string(record.name, to);
    else
        fputs("null", to);
    fprintf(to, ",\"uuid\":\"%s\",\"type\":\"%s\",\"vcpus\":%u", uuid,
            xen_type(&s->info), s->nr_vcpus);
    print_servers(s, to);
    print_grants(s, to);
    fputc('}', to);
}
