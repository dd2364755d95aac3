/* SPDX-License-Identifier: MIT */
/* Words of the command line. */
#include <hv/lib.h>

#include <x86/boot.h>

bool option_get(const char *name, char *value, size_t size)
{
    const char *p = boot_info.cmdline;
    size_t len = strlen(name);
    bool found = false;

    /* A crash asks before the loader's words are known. */
    while ( p && *p )
    {
        size_t word = 0, n;

        while ( p[word] && p[word] != ' ' )
            word++;
        if ( !strncmp(p, name, len) && (word == len || p[len] == '=') &&
             word >= len )
        {
            const char *v = p + len + (word > len);

            n = min((size_t)(p + word - v), size - 1);
            memcpy(value, v, n);
            value[n] = '\0';
            found = true;
        }
        p += word;
        while ( *p == ' ' )
            p++;
    }
    return found;
}

uint64_t parse_size(const char *s, const char **end)
{
    const char *p;
    uint64_t v = hv_strtoul(s, &p, 0);
    unsigned int shift = 10;

    if ( p != s )
        switch ( *p | 0x20 )
        {
        case 'b': shift = 0; p++; break;
        case 'k': shift = 10; p++; break;
        case 'm': shift = 20; p++; break;
        case 'g': shift = 30; p++; break;
        case 't': shift = 40; p++; break;
        }
    if ( end )
        *end = p;
    return v > ~0UL >> shift ? ~0UL : v << shift;
}

uint64_t option_size(const char *name, uint64_t dflt)
{
    char value[32];
    const char *end;
    uint64_t v;

    if ( !option_get(name, value, sizeof(value)) )
        return dflt;
    v = parse_size(value, &end);
    return end == value || *end ? dflt : v;
}

unsigned int option_uint(const char *name, unsigned int dflt)
{
    char value[32];
    const char *end;
    unsigned long v;

    if ( !option_get(name, value, sizeof(value)) )
        return dflt;
    v = hv_strtoul(value, &end, 0);
    return end == value || *end || v > UINT32_MAX ? dflt : (unsigned int)v;
}

bool option_bool(const char *name, bool dflt)
{
    char value[8];

    if ( !option_get(name, value, sizeof(value)) )
        return dflt;
    return strcmp(value, "no") && strcmp(value, "off") &&
           strcmp(value, "false") && strcmp(value, "0");
}

bool option_reboots(bool has_console)
{
    return !option_bool("noreboot", !option_bool("reboot", has_console));
}
