/* SPDX-License-Identifier: MIT */
#include "uuid.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#define BYTES 16

/* A dash stands before these bytes. */
static bool dash_before(unsigned int byte)
{
    return byte == 4 || byte == 6 || byte == 8 || byte == 10;
}

void uuid_format(const uint8_t *handle, char text[UUID_TEXT])
{
    for ( unsigned int i = 0; i < BYTES; i++ )
    {
        if ( dash_before(i) )
            *text++ = '-';
        text += sprintf(text, "%02x", handle[i]);
    }
}

static int digit(char c)
{
    const char *digits = "0123456789abcdef0123456789ABCDEF", *at;

    if ( c == '\0' || !(at = strchr(digits, c)) )
        return -1;
    return (int)((at - digits) % 16);
}

bool uuid_parse(const char *text, uint8_t *handle)
{
    bool dashes = strchr(text, '-');
    uint8_t parsed[BYTES];

    for ( unsigned int i = 0; i < BYTES; i++ )
    {
        int high, low;

        if ( dashes && dash_before(i) && *text++ != '-' )
            return false;
        if ( (high = digit(text[0])) < 0 || (low = digit(text[1])) < 0 )
            return false;
        parsed[i] = (uint8_t)(high << 4 | low);
        text += 2;
    }
    if ( *text )
        return false;
    memcpy(handle, parsed, BYTES);
    return true;
}

bool uuid_random(uint8_t *handle)
{
    if ( getrandom(handle, BYTES, 0) != BYTES )
        return false;
    handle[6] = (handle[6] & 0x0f) | 0x40;
    handle[8] = (handle[8] & 0x3f) | 0x80;
    return true;
}
