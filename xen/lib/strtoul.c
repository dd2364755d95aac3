/* SPDX-License-Identifier: MIT */
/* Numbers on command lines. */
#include <hv/lib.h>

/* The value of a digit in any base; 36 and more: none. */
static unsigned int digit_value(char c)
{
    if ( c >= '0' && c <= '9' )
        return (unsigned int)(c - '0');
    c |= 0x20;
    return c >= 'a' && c <= 'z' ? (unsigned int)(c - 'a') + 10 : 36;
}

unsigned long hv_strtoul(const char *s, const char **end, unsigned int base)
{
    bool hex = s[0] == '0' && (s[1] | 0x20) == 'x' && digit_value(s[2]) < 16;
    unsigned long value = 0;

    if ( hex && (base == 0 || base == 16) )
    {
        s += 2;
        base = 16;
    }
    else if ( base == 0 )
        base = s[0] == '0' ? 8 : 10;

    for ( ; digit_value(*s) < base; s++ )
        if ( __builtin_mul_overflow(value, base, &value) ||
             __builtin_add_overflow(value, digit_value(*s), &value) )
        {
            while ( digit_value(*s) < base )
                s++;
            value = ~0UL;
            break;
        }
    if ( end )
        *end = s;
    return value;
}
