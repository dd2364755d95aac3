/* SPDX-License-Identifier: MIT */
/*
 * The tracer: a second preload library, which xen-hosted --trace loads in front
 * of that of ../preload.  It prints each call that a program makes of a file in
 * /dev/xen, with the fields of its structures, as one line.
 *
 *   calls.c, files.c  replace functions of libc: print, and call the next library
 *   call.c        the line of a call
 *   output.c      where lines go
 *   line.c        numbers, names and texts in a line
 *   show.c        rows of a table, with the values that they have in memory
 *   table-*.c     the tables: one row for each field of the ABI's structures
 *
 * Whatever a program passes is read by a system call, so a bad pointer is shown
 * as such.  Nothing is allocated by malloc() and no lock is held, so a line can
 * be made in any signal handler and on a small stack.
 */
#ifndef TRACER_H
#define TRACER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- tables ---- */

/* Which way a field goes, from the caller's point of view. */
enum direction { IN = 1, OUT, INOUT };

/* How a field is shown. */
enum show {
    DEC,
    INT,     /* signed */
    HEX,
    UUID,
    TEXT,    /* characters, up to the first zero */
    BYTES,
    BITS,    /* bytes, counted in bits */
    NAME,    /* of the value, by a table of struct value */
    FLAGS,   /* names of the bits that are set, by such a table */
    STRUCT,  /* rows of its own: a table of struct field */
    CHOICE,  /* the same, chosen by the value of another field */
};

/* Where it is. */
enum where {
    HERE,    /* in the structure */
    ROW,     /* in the structure, several */
    POINTED, /* at an address that stands in the structure */
    ARRAY,   /* the same, several */
    REST,    /* the same, but for the first */
};

struct field {
    const char *name;      /* "": is not printed; NULL: the last row */
    uint16_t offset, size; /* in the structure; of the last row: the whole size */
    uint8_t dir, show, where;
    uint8_t unit;          /* size of an element, scalars */
    uint16_t count, count_size; /* the field that says how many; size 0: none */
    uint16_t by, by_size;  /* the field that chooses */
    bool quiet;            /* is printed only if it differs from ... */
    uint64_t usual;        /* ... this */
    const void *table;
};

/* A name; for CHOICE the rows that belong to it, or NULL: it has none. */
struct value {
    uint64_t number;
    const char *name; /* NULL: the last */
    const struct field *rows;
};

/*
 * Rows of `T`, a macro that each table defines: the type of its structure.
 *
 *   V(IN, HEX, flags)             one value
 *   N(IN, type, names)            its name
 *   OP(cmd, names)                the same, without "cmd=": it chooses the rest
 *   F(IN, flags, names)           names of its bits
 *   PAD(pad), USUAL(version, N)   shown if it is not 0, not N
 *   S(arch, rows)                 a structure in the structure
 *   P(map, rows)                  a pointer to one
 *   UNNAMED(buf, rows)            the same, as if its rows stood here
 *   A(list, rows, nr)             a pointer to nr of them
 *   L(OUT, HEX, 8, frames, nr)    a pointer to nr values of 8 bytes
 *   B(IN, TEXT, buf, len)         a pointer to len bytes: TEXT, BYTES or BITS
 *   W(OUT, HEX, 4, hw_cap)        an array of values in the structure
 *   R(refs, rows, nr)             an array of nr structures at its end
 *   C(u, cmd, choices)            what cmd chooses
 *   TEXT(OUT, name), BYTES(IN, x) an array of bytes in the structure
 *   BYTES_AFTER(OUT, buf, len)    the array at its end
 */
#define SIZE_(f) sizeof(((T *)0)->f)
#define FIELD(f, d, s, w, ...)                                               \
    { .name = #f, .offset = offsetof(T, f), .size = SIZE_(f), .dir = (d),    \
      .show = (s), .where = (w), __VA_ARGS__ }
#define COUNT(f) .count = offsetof(T, f), .count_size = SIZE_(f)
#define BY(f) .by = offsetof(T, f), .by_size = SIZE_(f)
#define V(d, s, f) FIELD(f, d, s, HERE)
#define N(d, f, names) FIELD(f, d, NAME, HERE, .table = (names))
#define OP(f, names)                                                         \
    { .name = "", .offset = offsetof(T, f), .size = SIZE_(f), .dir = IN,     \
      .show = NAME, .table = (names) }
#define UNNAMED(f, rows)                                                     \
    { .name = "", .offset = offsetof(T, f), .size = SIZE_(f), .dir = INOUT,  \
      .show = STRUCT, .where = POINTED, .table = (rows) }
#define F(d, f, names) FIELD(f, d, FLAGS, HERE, .table = (names))
#define USUAL(f, n) FIELD(f, IN, HEX, HERE, .quiet = true, .usual = (n))
#define PAD(f) FIELD(f, IN, SIZE_(f) > 8 ? BYTES : HEX, HERE, .quiet = true)
#define S(f, rows) FIELD(f, INOUT, STRUCT, HERE, .table = (rows))
#define P(f, rows) FIELD(f, INOUT, STRUCT, POINTED, .table = (rows))
#define A(f, rows, n) FIELD(f, INOUT, STRUCT, ARRAY, COUNT(n), .table = (rows))
#define L(d, s, u, f, n) FIELD(f, d, s, ARRAY, COUNT(n), .unit = (u))
#define B(d, s, f, n) FIELD(f, d, s, POINTED, COUNT(n))
#define W(d, s, u, f) FIELD(f, d, s, ROW, .unit = (u))
#define R(f, rows, n) FIELD(f, INOUT, STRUCT, ROW, COUNT(n), .table = (rows))
#define C(f, by_, values) FIELD(f, INOUT, CHOICE, HERE, BY(by_), .table = (values))
#define C_AT(f, by_, values) \
    FIELD(f, INOUT, CHOICE, POINTED, BY(by_), .table = (values))
#define C_EACH(f, by_, values, n) \
    FIELD(f, INOUT, CHOICE, ARRAY, BY(by_), COUNT(n), .table = (values))
#define TEXT(d, f) FIELD(f, d, TEXT, HERE)
#define BYTES(d, f) FIELD(f, d, BYTES, HERE)
#define BYTES_AFTER(d, f, n)                                                 \
    { .name = #f, .offset = offsetof(T, f), .dir = (d), .show = BYTES,       \
      .where = ROW, COUNT(n) }
#define END { .size = sizeof(T) }

/* A row of a table of struct value, and its end. */
#define IS(n) { (n), #n, NULL }
#define HAS(n, rows) { (n), #n, (rows) }
#define NO_MORE { 0, NULL, NULL }

extern const struct value hypercalls[]; /* rows: of struct hypercall_args */
extern const struct value requests[];   /* of ioctl(); rows: of its argument */
extern const struct value domctls[], sysctls[], memory_ops[], dm_ops[],
    flask_ops[], platform_ops[];
extern const struct field five_args[];  /* of struct hypercall_args */
extern const struct field dm_op_first[]; /* of struct privcmd_dm_op_buf */
extern const struct field raw[];        /* of an unknown structure: bytes */

struct hypercall_args {
    uint64_t arg[5];
};

/* ---- a line ---- */

#define LINE_ROOM 8192
#define NR_SEEN 96

struct line {
    size_t len, limit;
    bool full;           /* more than `limit` was to be printed */
    bool after;          /* the call has returned: OUT is shown, not IN */
    bool ok;             /* ... and succeeded */
    unsigned int depth;
    unsigned int nr_seen;
    struct { uint64_t addr; uint32_t hash; } seen[NR_SEEN]; /* OUT, before */
    char text[LINE_ROOM];
};

/* Append; what does not fit becomes "...". */
void put(struct line *l, const char *text);
void put_number(struct line *l, enum show show, uint64_t value, size_t size);
void put_bytes(struct line *l, enum show show, const uint8_t *data, size_t len,
               bool more);
void put_character(struct line *l, uint8_t c);
void put_name(struct line *l, const struct value *names, uint64_t value);
void put_flags(struct line *l, const struct value *names, uint64_t value);
void put_pointer(struct line *l, uint64_t addr);

/* ---- what is shown ---- */

/*
 * Copy from the program's memory: how many bytes could be read.  Of a test's
 * memory in tests/fuzz.
 */
size_t peek_at(void *dst, uint64_t addr, size_t len);

/* The rows, with the values of the structure at base. */
void show_rows(struct line *l, const struct field *rows, uint64_t base);
/* A hypercall: number and arguments are at `call`. */
void show_hypercall(struct line *l, uint64_t call);
/* What an ioctl's argument points to; of unknown requests the bytes. */
void show_request(struct line *l, uint32_t request, uint64_t arg);
const struct value *find_value(const struct value *values, uint64_t number);

#endif
