/* SPDX-License-Identifier: MIT */
/*
 * The model test: random operations on a hosted machine, each predicted by a
 * reference that is as simple as can be: arrays of what is where, and who
 * holds it.  After each operation the machine must agree with it about
 * everything: the result, each entry of each p2m, each page's owner, count
 * and content, each domain's account, which domains still exist; and
 * audit_all() must find nothing.
 *
 * Every page has a tag of its own, written into the page when it is new (and
 * must be zero): an operation that reaches the page must find this tag, or a
 * domain has got a page of another one.
 */
#ifndef TESTS_MODEL_H
#define TESTS_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hosted.h>
#include <hv/errno.h>
#include <hv/page.h>

#include <xen/grant_table.h>

#define FRAMES 1024
#define NR_DOMS 10     /* that can be at a time, zombies among them */
#define GFN_BASE 0x100 /* of a window of gfns in which all happens  */
#define NR_GFNS 24
#define NR_REFS 12      /* grant references in use */
#define MAX_FRAMES_M 4  /* grant frames */
#define NR_MAPS 200     /* grant mappings, of all: one could have 256 */
#define NR_CLIENT 16
#define TAG_OFFSET 4088 /* nothing else is there in any kind of page   */
#define ZERO_OFFSET 3584 /* nor from here on, in a new one             */

enum type { NONE, RAM, POD, FOREIGN, GRANT_RW, GRANT_RO };

struct mpage {
    bool live, extra;
    unsigned int refs;
    struct mdom *owner;
    uint64_t tag;
};

struct mentry {
    enum type type;
    struct mpage *pg;
};

struct mgrant {
    uint16_t flags; /* as the guest wrote it */
    domid_t domid;
    unsigned int index;
    struct mpage *pg; /* while pinned */
    domid_t user;
    unsigned int readers, writers;
};

struct mserver {
    struct mdom *emulator; /* NULL: no server */
    bool ring;
    struct mpage *frame[2];
};

struct mdom {
    bool exists, alive, translated, control;
    domid_t id;
    struct domain *d;
    uint64_t tot, extra, max;
    struct mpage *shared;
    unsigned int pods;     /* entries of type POD */
    struct mpage *cache[NR_GFNS + 8]; /* for them, the next one first */
    unsigned int nr_cache;
    struct mentry e[NR_GFNS];
    struct mgrant g[NR_REFS];
    unsigned int nr_frames;
    struct mpage *frame[MAX_FRAMES_M];
    struct mserver s[8];
};

struct mmap {
    struct mdom *by, *of; /* by NULL: free */
    uint32_t handle;
    unsigned int ref, index;
    bool ro, dev;
    struct mpage *pg;
};

extern struct mpage pages[FRAMES]; /* by mfn */
extern struct mdom doms[NR_DOMS];  /* 0: dom0; 1: a translated one in control */
extern struct mmap maps[NR_MAPS];
extern struct mpage *client[NR_CLIENT];

/* The memory of the callers: their structures and lists. */
extern struct model_arena {
    uint8_t arg[256];
    uint64_t list[8], other[8];
    int err[8];
} arena;

/* ---- model.c ---- */

unsigned int below(unsigned int n);
void fail(const char *fmt, ...) printf_like(1, 2) noreturn_fn;
/* What the last operation is, for fail(). */
void doing(const char *fmt, ...) printf_like(1, 2);
void expect(long got, long want);

struct mdom *some_dom(void);   /* any that exists, zombies too       */
struct mdom *some_alive(void); /* one that can make calls            */
long call(struct mdom *by, unsigned int nr, unsigned long a0,
          unsigned long a1, unsigned long a2);
#define ARG ((unsigned long)(uintptr_t)arena.arg)

/* ---- ref.c: what an operation does to the model ---- */

/* A page that the machine made: checks that it is free and zero; tags it. */
struct mpage *page_new(struct mdom *owner, uint64_t mfn, bool extra);
/* A page of the cache is zero, and has no tag until it is at a gfn. */
void page_blank(struct mpage *pg);
void page_tag(struct mpage *pg);
void hold(struct mpage *pg);
void drop(struct mpage *pg);
static inline uint64_t mfn_of(const struct mpage *pg) { return pg - pages; }

/* The first access to a POD entry, if there is a page in the cache. */
void fill(struct mdom *d, unsigned int index);
struct mpage *cache_pop(struct mdom *d);

/* Takes over a reference on pg. */
void set_entry(struct mdom *d, unsigned int index, enum type type,
               struct mpage *pg);
bool allowed(const struct mdom *by, const struct mdom *d);
/* Have nr grant frames, as the machine has by now: false if it may not. */
bool grow_table(struct mdom *d, unsigned int nr);
void unpin(struct mmap *m);
void free_server(struct mserver *s);
void dom_new(struct mdom *m, bool control, bool translated);
void dom_kill(struct mdom *m);

/* ---- check.c ---- */

void check_all(void);

/* ---- operations ---- */

void op_populate(void);
void op_decrease(void);
void op_pod_mark(void);
void op_pod_target(void);
void op_move(void);
void op_map_grant_frame(void);
void op_map_foreign(void);
void op_remove(void);
void op_acquire_grant(void);
void op_acquire_ioreq(void);
void op_size_query(void);
void op_server_create(void);
void op_server_destroy(void);
void op_offer(void);
void op_grant_map(void);
void op_grant_unmap(void);
void op_client_map(void);
void op_client_unmap(void);
void op_max_mem(void);
void op_create(void);
void op_destroy(void);

#endif
