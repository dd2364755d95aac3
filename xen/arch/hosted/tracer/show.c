/* SPDX-License-Identifier: MIT */
/*
 * Rows of a table, with the values that they have in the program's memory.
 *
 * Rows are shown twice: before the call what goes in, after it what came out.  Of
 * what comes out the value before the call is kept as a hash: a field that goes
 * both ways is shown again if it has changed, and after an error only what has
 * changed is shown.  Each field is read by itself, so nothing depends on the size
 * of what can be read, and a program that changes its structure while the call
 * runs sees only odd lines.
 */
#include <string.h>

#include "tracer.h"

#define MAX_ELEMENTS 8 /* of an array; the others are "..." */
#define MAX_BYTES 32   /* of a buffer */
#define MAX_TEXT 96    /* of a text */
#define MAX_DEPTH 8

/* An unsigned number in the program's memory. */
static bool number_at(uint64_t addr, size_t size, uint64_t *value)
{
    *value = 0;
    return size <= sizeof(*value) && peek_at(value, addr, size) == size;
}

/* ---- what came out ---- */

static uint32_t hash_of(const uint8_t *data, size_t len)
{
    uint32_t hash = 2166136261U;

    while ( len-- )
        hash = (hash ^ *data++) * 16777619U;
    return hash;
}

/* Is what stands at addr to be shown now? */
static bool wanted(struct line *l, const struct field *f, uint64_t addr,
                   const void *data, size_t len)
{
    uint32_t hash = hash_of(data, len);

    if ( !l->after )
    {
        if ( f->dir & OUT && l->nr_seen < NR_SEEN )
        {
            l->seen[l->nr_seen].addr = addr;
            l->seen[l->nr_seen++].hash = hash;
        }
        return f->dir & IN;
    }
    if ( !(f->dir & OUT) )
        return false;
    for ( unsigned int i = 0; i < l->nr_seen; i++ )
        if ( l->seen[i].addr == addr )
            return l->seen[i].hash != hash || (l->ok && f->dir == OUT);
    return l->ok;
}

/* ---- one row ---- */

static void label(struct line *l, const struct field *f)
{
    const char *name = f->name;

    if ( l->len && !strchr("({[ ", l->text[l->len - 1]) )
        put(l, ", ");
    if ( *name )
    {
        put(l, name);
        put(l, "=");
    }
}

static void show_value(struct line *l, const struct field *f, uint64_t value)
{
    if ( f->show == NAME )
        put_name(l, f->table, value);
    else if ( f->show == FLAGS )
        put_flags(l, f->table, value);
    else
        put_number(l, f->show, value, f->size);
}

static void show_scalar(struct line *l, const struct field *f, uint64_t addr)
{
    uint64_t value;

    if ( !number_at(addr, f->size, &value) )
    {
        if ( !l->after && f->dir & IN && !f->quiet )
        {
            label(l, f);
            put(l, "?"); /* it cannot be read */
        }
        return;
    }
    if ( !wanted(l, f, addr, &value, f->size) ||
         (f->quiet && value == f->usual) )
        return;
    label(l, f);
    show_value(l, f, value);
}

/* How many elements or bytes a row has. */
static uint64_t count_of(const struct field *f, uint64_t base)
{
    uint64_t count = 1;

    if ( f->count_size && !number_at(base + f->count, f->count_size, &count) )
        return 0;
    if ( f->where == REST )
        return count ? count - 1 : 0;
    return f->show == BITS ? count / 8 + !!(count % 8) : count;
}

static bool is_zero(const uint8_t *data, size_t len)
{
    while ( len && !data[len - 1] )
        len--;
    return !len;
}

static void show_bytes(struct line *l, const struct field *f, uint64_t addr,
                       uint64_t count)
{
    uint8_t data[MAX_TEXT];
    size_t most = f->show == TEXT ? MAX_TEXT : MAX_BYTES;
    size_t len = count < most ? (size_t)count : most;
    size_t got = peek_at(data, addr, len);
    bool more = got < count && (f->show != TEXT || !memchr(data, '\0', got));

    if ( (!got && l->after) || !wanted(l, f, addr, data, got) ||
         (f->quiet && is_zero(data, got)) )
        return;
    label(l, f);
    put_bytes(l, f->show, data, got, more);
}

static void show_list(struct line *l, const struct field *f, uint64_t addr,
                      uint64_t count)
{
    uint64_t data[MAX_ELEMENTS], value;
    size_t nr = count < MAX_ELEMENTS ? (size_t)count : MAX_ELEMENTS;
    size_t got;

    got = peek_at(data, addr, nr * f->unit) / f->unit;
    if ( (!got && l->after) || !wanted(l, f, addr, data, got * f->unit) )
        return;
    label(l, f);
    put(l, "[");
    for ( size_t i = 0; i < got; i++ )
    {
        value = 0;
        memcpy(&value, (uint8_t *)data + i * f->unit, f->unit);
        put(l, i ? ", " : "");
        put_number(l, f->show, value, f->unit);
    }
    put(l, got < count ? got ? ", ...]" : "...]" : "]");
}

/* The size of a structure, which its last row has. */
static size_t size_of(const struct field *rows)
{
    while ( rows->name )
        rows++;
    return rows->size;
}

/* The structures of a row, in braces; nothing if none of their rows is shown. */
static void show_structs(struct line *l, const struct field *f,
                         const struct field *rows, uint64_t addr,
                         uint64_t count)
{
    size_t before = l->len, start;
    bool many = f->where != HERE && f->where != POINTED;
    uint64_t i;

    if ( l->full )
        return;
    if ( !many && !*f->name && (f->show == STRUCT || l->after) )
        return show_rows(l, rows, addr);
    label(l, f);
    put(l, many ? "[{" : "{");
    start = l->len;
    for ( i = 0; i < count && i < MAX_ELEMENTS && !l->full; i++ )
    {
        put(l, i ? "}, {" : "");
        show_rows(l, rows, addr + i * size_of(rows));
    }
    if ( !l->full && (l->len == start || l->len == start + (i - 1) * 4) )
        l->len = before; /* nothing but braces */
    else
    {
        put(l, i < count ? "}, ..." : "}");
        put(l, many ? "]" : "");
    }
}

/* The bytes of a structure that no table has. */
static void show_raw(struct line *l, const struct field *f, uint64_t addr)
{
    struct field bytes = { .name = "", .show = BYTES, .dir = INOUT };

    show_bytes(l, &bytes, addr, f->where == HERE ? f->size : MAX_BYTES);
}

static void show_inner(struct line *l, const struct field *f, uint64_t base,
                       uint64_t addr)
{
    const struct field *rows = f->table;
    struct field bare = *f;

    if ( f->show == CHOICE )
    {
        const struct value *choice = NULL;
        uint64_t by;

        if ( number_at(base + f->by, f->by_size, &by) )
            choice = find_value(f->table, by);
        bare.name = ""; /* the value that chooses has been shown */
        if ( !choice )
            return show_raw(l, &bare, addr);
        rows = choice->rows;
        if ( !rows )
            return;
    }
    show_structs(l, &bare, rows, addr, count_of(f, base));
}

/* The address that a row has; false: there is none to follow. */
static bool follow(struct line *l, const struct field *f, uint64_t base,
                   uint64_t *addr)
{
    char byte;

    if ( f->where == HERE || f->where == ROW )
        return true;
    if ( !number_at(*addr, sizeof(*addr), addr) )
        *addr = 0;
    if ( *addr && f->where == REST )
        *addr += size_of(f->table);
    if ( *addr && (peek_at(&byte, *addr, 1) == 1 || !count_of(f, base)) )
        return count_of(f, base) > 0;
    if ( !l->after && (*f->name || *addr) )
    {
        label(l, f);
        put_pointer(l, *addr);
        put(l, *addr ? " (bad address)" : "");
    }
    return false;
}

static void show_row(struct line *l, const struct field *f, uint64_t base)
{
    uint64_t addr = base + f->offset;

    if ( !follow(l, f, base, &addr) )
        return;
    if ( f->show == STRUCT || f->show == CHOICE )
        show_inner(l, f, base, addr);
    else if ( f->unit )
        show_list(l, f, addr, f->where == ROW ? f->size / f->unit
                                              : count_of(f, base));
    else if ( f->show == TEXT || f->show == BYTES || f->show == UUID ||
              f->show == BITS )
        show_bytes(l, f, addr, f->where == HERE ? f->size
                                                : count_of(f, base));
    else
        show_scalar(l, f, addr);
}

void show_rows(struct line *l, const struct field *rows, uint64_t base)
{
    if ( l->depth >= MAX_DEPTH )
        return put(l, "...");
    l->depth++;
    for ( ; rows->name && !l->full; rows++ )
        show_row(l, rows, base);
    l->depth--;
}

/* ---- calls ---- */

void show_hypercall(struct line *l, uint64_t call)
{
    const struct value *v = NULL;
    uint64_t op;
    bool known = number_at(call, sizeof(op), &op);

    if ( known )
        v = find_value(hypercalls, op);
    if ( !l->after )
    {
        put(l, v ? v->name : "hypercall ");
        if ( !v && known )
            put_number(l, DEC, op, sizeof(op));
        put(l, known ? "(" : "? (");
    }
    show_rows(l, v && v->rows ? v->rows : five_args, call + sizeof(op));
}

void show_request(struct line *l, uint32_t request, uint64_t arg)
{
    static const struct field whole = { .name = "", .where = POINTED,
                                        .show = CHOICE, .dir = INOUT };
    static const struct field bytes = { .name = "", .show = BYTES,
                                        .dir = INOUT };
    const struct value *v = find_value(requests, request);
    char byte;

    if ( v && !v->rows )
        return;
    if ( !l->after && peek_at(&byte, arg, 1) != 1 )
    {
        put(l, ", ");
        put_pointer(l, arg);
        put(l, arg ? " (bad address)" : "");
    }
    else if ( v )
        show_structs(l, &whole, v->rows, arg, 1);
    else
        show_bytes(l, &bytes, arg, request >> 16 & 0x3fff); /* _IOC_SIZE() */
}
