/* SPDX-License-Identifier: MIT */
/*
 * A copy of what a domain shares through resources.  Shared memory is read
 * once, into the snapshot, and decoded from there.
 */
#ifndef ORIEL_SNAPSHOT_H
#define ORIEL_SNAPSHOT_H

#include <stdbool.h>
#include <stdio.h>

#include <xenctrl.h>

#include <oriel/ioreq.h>
#include <xen/hvm/dm_op.h>
#include <xen/hvm/ioreq.h>

#define SNAPSHOT_SERVERS 8U
#define SNAPSHOT_RANGE_TYPES (XEN_DMOP_IO_RANGE_PCI + 1U)
#define GRANT_FLAG_NAMES 12U

struct snapshot_ranges {
    unsigned int nr, room;
    struct oriel_ioreq_range *range;
};

struct snapshot_server {
    /* 0: the slots are copied; ENOENT: no such server; EPERM: its pages are at
     * guest frame numbers, or another domain created it; else an errno */
    int error;
    unsigned int nr_frames, nr_slots; /* of slots */
    ioreq_t *slot;
    int ring_error; /* the same; ENOENT: it has no ring */
    uint32_t read_pointer, write_pointer;
    buf_ioreq_t ring[IOREQ_BUFFER_SLOT_NUM];
    /* What only Oriel tells.  0, or an errno: ENOSYS elsewhere */
    int claims_error;
    uint32_t emulator, flags, ring_port; /* flags: ORIEL_IOREQ_* */
    /* Sent so far; of these, without an event. */
    uint64_t requests, silent_requests, entries, silent_entries;
    struct snapshot_ranges claims[SNAPSHOT_RANGE_TYPES];
};

/* A pending entry of a ring, its second half included. */
struct snapshot_pending {
    unsigned int type, dir, size; /* size in bytes */
    uint32_t addr;
    uint64_t data;
};

struct snapshot_grant {
    uint32_t ref;
    uint16_t flags; /* with reading and writing, wherever they are kept */
    uint16_t domid;
    uint64_t frame; /* not of a transitive grant */
    uint16_t page_off, length; /* of a sub-page grant */
    uint16_t trans_domid;
    uint32_t trans_ref;
    bool no_frame; /* the domain has no page at this frame */
    bool no_domain; /* no domain has this domid */
};

struct snapshot {
    xc_dominfo_t info;
    unsigned int nr_vcpus;

    int servers_error; /* 0, or why there can be none: EINVAL a PV domain */
    size_t ioreq_bytes; /* the resource's size */
    struct snapshot_server server[SNAPSHOT_SERVERS];

    int grants_error;
    unsigned int version;
    unsigned int nr_frames, max_frames; /* shared: now, and at most */
    size_t shared_bytes, status_bytes; /* the resources' sizes; 0: none */
    unsigned int nr_status_frames; /* version 2 */
    unsigned int nr_entries; /* in those frames */
    unsigned int nr_grants; /* of them in use */
    struct snapshot_grant *grant;
};

/*
 * Takes a snapshot of a domain.  0 or a negative errno: ESRCH no such domain,
 * ENOMEM.  A part that cannot be read has its error in the snapshot.  Call
 * snapshot_free() after success.
 */
int snapshot_take(xc_interface *xch, const xc_dominfo_t *info,
                  struct snapshot *s);
void snapshot_free(struct snapshot *s);

/* claims.c: what the server claims, into *server. */
void take_claims(xc_interface *xch, uint32_t domid, unsigned int id,
                 struct snapshot_server *server);

/*
 * claims.c: the next range that is in a and in b; *i and *j are 0 at first.  False:
 * there are no more.
 */
bool next_overlap(const struct snapshot_ranges *a,
                  const struct snapshot_ranges *b, unsigned int *i,
                  unsigned int *j, struct oriel_ioreq_range *both);

/* ---- decoding ---- */

const char *ioreq_state_name(unsigned int state);
const char *ioreq_type_name(unsigned int type);

/* "ports", "memory", "pci": what a server claims. */
const char *claim_type_name(unsigned int type);

/* "bus:device.function", before it the segment unless that is 0. */
#define PCI_NAME 24
void pci_name(uint64_t sbdf, char name[PCI_NAME]);

/* Entries in the ring, at most as many as it has. */
unsigned int ring_pending(const struct snapshot_server *server);

/* Decodes the i-th entry; returns the number of entries it takes, 1 or 2. */
unsigned int ring_entry(const struct snapshot_server *server, unsigned int i,
                        struct snapshot_pending *pending);

/* Names of the flags that are set; their number. */
unsigned int grant_flags(const struct snapshot_grant *grant,
                         const char *names[GRANT_FLAG_NAMES]);

/* What the reference is reserved for: "console", "xenstore", or NULL. */
const char *grant_purpose(const struct snapshot_grant *grant);

/* Is the grant mapped, by the domain that it is for? */
bool grant_is_mapped(const struct snapshot_grant *grant);

/* ---- printing ---- */

/* Of the JSON document, which docs/resources.schema.json describes. */
#define SNAPSHOT_JSON_VERSION 1

void snapshot_text(const struct snapshot *s, FILE *to);

/* The object of one domain, without a newline. */
void snapshot_json(const struct snapshot *s, FILE *to);

#endif
