/* SPDX-License-Identifier: MIT */
/*
 * Text of test guests, and their command line: on put_char() and command_line(),
 * which each kind of guest has.
 */
#include "guest.h"

void put(const char *s)
{
    while ( *s )
        put_char(*s++);
}

static void put_number(unsigned long n, unsigned int base, int width, char pad)
{
    char digits[24];
    int i = 0;

    do
    {
        digits[i++] = "0123456789abcdef"[n % base];
        n /= base;
    } while ( n );
    for ( ; width > i; width-- )
        put_char(pad);
    while ( i )
        put_char(digits[--i]);
}

void say(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    for ( ; *fmt; fmt++ )
    {
        bool is_long = false;
        char pad = ' ';
        int width = 0;
        long n;

        if ( *fmt != '%' )
        {
            put_char(*fmt);
            continue;
        }
        if ( *++fmt == '0' )
            pad = *fmt++;
        while ( *fmt >= '0' && *fmt <= '9' )
            width = width * 10 + *fmt++ - '0';
        if ( *fmt == 'l' )
        {
            is_long = true;
            fmt++;
        }
        switch ( *fmt )
        {
        case 's': put(va_arg(ap, const char *)); break;
        case 'c': put_char((char)va_arg(ap, int)); break;
        case 'd':
            n = is_long ? va_arg(ap, long) : va_arg(ap, int);
            if ( n < 0 )
                put_char('-');
            put_number(n < 0 ? -(unsigned long)n : (unsigned long)n, 10,
                       width, pad);
            break;
        case 'u':
        case 'x':
            put_number(is_long ? va_arg(ap, unsigned long)
                               : va_arg(ap, unsigned int),
                       *fmt == 'u' ? 10 : 16, width, pad);
            break;
        default: put_char(*fmt); break;
        }
    }
    va_end(ap);
}

/* What follows name at the start of a word, or NULL. */
static const char *find_word(const char *name)
{
    for ( const char *s = command_line(); *s; s++ )
    {
        const char *a = s, *b = name;

        while ( *b && *a == *b )
            a++, b++;
        if ( !*b && (s == command_line() || s[-1] == ' ') )
            return a;
    }
    return NULL;
}

unsigned long command_number(const char *name, unsigned long otherwise)
{
    const char *s = find_word(name);
    unsigned long n = 0;

    if ( !s || *s++ != '=' )
        return otherwise;
    while ( *s >= '0' && *s <= '9' )
        n = n * 10 + (unsigned long)(*s++ - '0');
    return n;
}

bool command_has(const char *word)
{
    const char *s = find_word(word);

    return s && (!*s || *s == ' ');
}

static unsigned int tap_count;

void tap(bool ok, const char *what)
{
    say("%sok %u - %s\n", ok ? "" : "not ", ++tap_count, what);
}

void tap_end(void)
{
    say("1..%u\n", tap_count);
}
