/* SPDX-License-Identifier: MIT */
/* Numbers, names and texts in a line. */
#include <stdio.h>
#include <string.h>

#include "tracer.h"

#define DOTS "..."

void put(struct line *l, const char *text)
{
    size_t len = strlen(text);

    if ( l->full )
        return;
    if ( l->len + len > l->limit )
    {
        l->full = true;
        len = strlen(DOTS); /* of which there is room behind the limit */
        text = DOTS;
    }
    memcpy(l->text + l->len, text, len);
    l->len += len;
}

void put_number(struct line *l, enum show show, uint64_t value, size_t size)
{
    unsigned int unused = 64 - (unsigned int)size * 8;
    char text[32];

    if ( show == INT )
        snprintf(text, sizeof(text), "%ld",
                 (long)(value << unused) >> unused);
    else
        snprintf(text, sizeof(text), show == DEC ? "%lu" : "%#lx", value);
    put(l, text);
}

void put_pointer(struct line *l, uint64_t addr)
{
    if ( addr )
        put_number(l, HEX, addr, sizeof(addr));
    else
        put(l, "NULL");
}

void put_character(struct line *l, uint8_t c)
{
    char text[8];

    if ( c == '\n' )
        return put(l, "\\n");
    snprintf(text, sizeof(text), c == '"' || c == '\\' ? "\\%c" :
             c >= ' ' && c <= '~' ? "%c" : "\\x%02x", c);
    put(l, text);
}

static void put_text(struct line *l, const uint8_t *data, size_t len)
{
    put(l, "\"");
    for ( size_t i = 0; i < len && data[i]; i++ )
        put_character(l, data[i]);
    put(l, "\"");
}

void put_bytes(struct line *l, enum show show, const uint8_t *data, size_t len,
               bool more)
{
    char text[4];

    if ( show == TEXT )
        put_text(l, data, len);
    else
        for ( size_t i = 0; i < len; i++ )
        {
            if ( show == UUID && i >= 4 && i <= 10 && !(i % 2) )
                put(l, "-");
            snprintf(text, sizeof(text), "%02x", data[i]);
            put(l, text);
        }
    if ( more )
        put(l, DOTS);
}

const struct value *find_value(const struct value *values, uint64_t number)
{
    for ( ; values->name; values++ )
        if ( values->number == number )
            return values;
    return NULL;
}

void put_name(struct line *l, const struct value *names, uint64_t value)
{
    const struct value *v = find_value(names, value);

    if ( v )
        put(l, v->name);
    else
        put_number(l, value > 0xffff ? HEX : DEC, value, sizeof(value));
}

void put_flags(struct line *l, const struct value *names, uint64_t value)
{
    const char *between = "";

    for ( const struct value *v = names; v->name; v++ )
        if ( v->number && (value & v->number) == v->number )
        {
            put(l, between);
            put(l, v->name);
            between = "|";
            value &= ~v->number;
        }
    if ( value || !*between )
    {
        put(l, between);
        put_number(l, HEX, value, sizeof(value));
    }
}
