/* SPDX-License-Identifier: MIT */
/*
 * Hypercalls made from input bytes: tables of what each operation's structure
 * holds, so that most of what is sent makes sense to the handler and gets
 * deep, and some of it does not.
 */
#ifndef TESTS_FUZZ_GEN_H
#define TESTS_FUZZ_GEN_H

#include "fuzz.h"

/* What a field means: see gen_value(). */
enum kind {
    RAW,    /* all its bytes from the input                        */
    ZERO,   /* must be zero; seldom is not                         */
    SMALL,  /* 0 .. 7                                              */
    NUM,    /* a count                                             */
    BITS,   /* flags: eight low bits                               */
    ODD,    /* flags, of which the lowest is set                   */
    ORDER,  /* of an extent                                        */
    DOM,    /* a domain                                            */
    VCPU,
    GFN,
    MFN,
    ADDR,   /* the byte address of a gfn                           */
    IO,     /* an address of an access, or the ends of a range     */
    PORT,   /* event channel                                       */
    REF,    /* grant reference                                     */
    SERVER, /* ioreq server                                        */
    TYPE,   /* memory type                                         */
    IDX,    /* frame of a resource, index of a map space           */
    PTR,    /* to memory                                           */
    GFNS,   /* to an array of gfns                                 */
    PORTS,  /* to an array of ports                                */
    BYTES,  /* to bytes of the input                               */
    STATE,  /* to room for a saved state, kept from call to call   */
    START_CR0, /* registers of a vcpu that starts                  */
    START_CR4,
    START_EFER,
    START_AR,
    START_TR,
    VERSION, /* of the domctl and sysctl interface                 */
};

struct field {
    uint16_t offset;
    uint8_t size, kind;
};

#define GEN_FIELDS 16

struct shape {
    uint32_t cmd;
    uint16_t size;
    struct field field[GEN_FIELDS];
};

#define F(type, name, k)                                                     \
    { offsetof(type, name), sizeof(((type *)0)->name), k }

uint64_t gen_value(struct input *in, enum kind kind, unsigned int size);

/* An address: in the arena, or for a change not. */
uint64_t gen_pointer(struct input *in);

/* The structure of this shape at `at` in the arena; some bytes spoilt. */
void gen_struct(struct input *in, const struct shape *s, uint8_t *at);

/* One of a table of n. */
const struct shape *gen_pick(struct input *in, const struct shape *table,
                             unsigned int n);

/* ---- families: each fills in the whole call ---- */

typedef void (*gen_family)(struct input *in, struct hypercall *hc);

struct gen_mix {
    gen_family family;
    uint8_t who; /* a bit for each enum fuzz_who that mostly makes it */
};

#define ANYONE ((1U << FUZZ_NR) - 1)
#define CONTROL (1U << FUZZ_DOM0 | 1U << FUZZ_PVH)
#define MODELS (CONTROL | 1U << FUZZ_STUB | 1U << FUZZ_STUB2)
#define GUESTS (1U << FUZZ_GUEST | 1U << FUZZ_OTHER)

/*
 * A call of one of n families, by somebody; while it gives way there may be
 * another one.
 */
void gen_call(struct input *in, const struct gen_mix *mix, unsigned int n);

/* The call's structure in the arena gets the layout of 32-bit callers. */
void gen_narrow(struct hypercall *hc);

void gen_memory_op(struct input *in, struct hypercall *hc);
void gen_event_channel_op(struct input *in, struct hypercall *hc);
void gen_grant_table_op(struct input *in, struct hypercall *hc);
void gen_hvm_op(struct input *in, struct hypercall *hc);
void gen_dm_op(struct input *in, struct hypercall *hc);
void gen_domctl(struct input *in, struct hypercall *hc);
void gen_sysctl(struct input *in, struct hypercall *hc);
void gen_vcpu_op(struct input *in, struct hypercall *hc);
void gen_sched_op(struct input *in, struct hypercall *hc);
void gen_misc(struct input *in, struct hypercall *hc);

/* ---- what guests and clients do besides ---- */

/* A guest writes somewhere into a page it sees. */
void gen_guest_write(struct input *in);
/* A guest writes an entry of its grant table that makes sense, or nearly. */
void gen_grant_entry(struct input *in);
/* A client of domain 0 maps, unmaps or writes a frame it was told of. */
void gen_client(struct input *in);
/* A vcpu makes an access, or looks whether its last one is over. */
void gen_access(struct input *in);

#endif
