/* SPDX-License-Identifier: MIT */
/* Formatted output into a buffer. */
#include <hv/lib.h>

struct out {
    char *buf;
    size_t size, len; /* len goes on counting past size */
};

struct spec {
    bool left, zero, alt;
    int width, precision; /* -1: none given */
    char length;          /* 'H' for hh, 'h', 0, 'l' (also ll and z) */
};

static void put(struct out *o, char c)
{
    if ( o->len + 1 < o->size )
        o->buf[o->len] = c;
    o->len++;
}

static void put_padded(struct out *o, const char *s, int len,
                       const struct spec *spec)
{
    int pad = spec->width > len ? spec->width - len : 0;

    if ( !spec->left )
        while ( pad-- > 0 )
            put(o, ' ');
    while ( len-- > 0 )
        put(o, *s++);
    if ( spec->left )
        while ( pad-- > 0 )
            put(o, ' ');
}

static void put_number(struct out *o, uint64_t value, bool negative,
                       unsigned int base, bool upper, const struct spec *spec)
{
    const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
    char text[96];
    int end = sizeof(text), pos = end, least = spec->precision;
    int prefix = negative + (spec->alt && base == 16 ? 2 : 0);

    if ( least < 0 )
        least = spec->zero && !spec->left ? spec->width - prefix : 1;
    if ( least > 64 )
        least = 64;
    for ( ; value || end - pos < least; value /= base )
        text[--pos] = digits[value % base];
    if ( prefix > 1 )
    {
        text[--pos] = upper ? 'X' : 'x';
        text[--pos] = '0';
    }
    if ( negative )
        text[--pos] = '-';
    put_padded(o, text + pos, end - pos, spec);
}

static uint64_t narrow(uint64_t value, char length, bool is_signed)
{
    switch ( length )
    {
    case 'H':
        return is_signed ? (uint64_t)(int8_t)value : (uint8_t)value;
    case 'h':
        return is_signed ? (uint64_t)(int16_t)value : (uint16_t)value;
    default:
        return value;
    }
}

static const char *parse_spec(const char *p, struct spec *spec, va_list *ap)
{
    *spec = (struct spec){ .precision = -1 };

    for ( ;; p++ )
    {
        if ( *p == '-' )
            spec->left = true;
        else if ( *p == '0' )
            spec->zero = true;
        else if ( *p == '#' )
            spec->alt = true;
        else
            break;
    }
    if ( *p == '*' )
        spec->width = va_arg(*ap, int), p++;
    for ( ; *p >= '0' && *p <= '9'; p++ )
        spec->width = spec->width * 10 + (*p - '0');
    if ( *p == '.' )
    {
        spec->precision = 0;
        if ( *++p == '*' )
            spec->precision = va_arg(*ap, int), p++;
        for ( ; *p >= '0' && *p <= '9'; p++ )
            spec->precision = spec->precision * 10 + (*p - '0');
    }
    for ( ; *p == 'h' || *p == 'l' || *p == 'z'; p++ )
        spec->length = *p == 'h' ? (spec->length == 'h' ? 'H' : 'h') : 'l';
    return p;
}

static void put_string(struct out *o, const char *s, const struct spec *spec)
{
    int len = 0;

    if ( !s )
        s = "(null)";
    while ( s[len] && len != spec->precision )
        len++;
    put_padded(o, s, len, spec);
}

static void put_value(struct out *o, char conversion, struct spec *spec,
                      va_list *ap)
{
    bool is_signed = conversion == 'd' || conversion == 'i';
    uint64_t value;

    if ( spec->length == 'l' )
        value = va_arg(*ap, uint64_t);
    else if ( is_signed )
        value = narrow((uint64_t)va_arg(*ap, int), spec->length, true);
    else
        value = narrow(va_arg(*ap, unsigned int), spec->length, false);

    if ( is_signed && (int64_t)value < 0 )
        put_number(o, -value, true, 10, false, spec);
    else
        put_number(o, value, false,
                   conversion == 'o' ? 8
                   : (conversion | 0x20) == 'x' ? 16 : 10,
                   conversion == 'X', spec);
}

int hv_vsnprintf(char *buf, size_t size, const char *fmt, va_list args)
{
    struct out o = { buf, size, 0 };
    struct spec spec;
    va_list ap;

    va_copy(ap, args);
    for ( ; *fmt; fmt++ )
    {
        char one;

        if ( *fmt != '%' )
        {
            put(&o, *fmt);
            continue;
        }
        fmt = parse_spec(fmt + 1, &spec, &ap);
        switch ( *fmt )
        {
        case 'd': case 'i': case 'u': case 'x': case 'X': case 'o':
            put_value(&o, *fmt, &spec, &ap);
            break;
        case 'p':
            spec.alt = true;
            put_number(&o, (uintptr_t)va_arg(ap, void *), false, 16, false,
                       &spec);
            break;
        case 'c':
            one = (char)va_arg(ap, int);
            put_padded(&o, &one, 1, &spec);
            break;
        case 's':
            put_string(&o, va_arg(ap, const char *), &spec);
            break;
        case '\0':
            fmt--;
            break;
        default:
            put(&o, *fmt);
        }
    }
    va_end(ap);
    if ( size )
        buf[o.len < size ? o.len : size - 1] = '\0';
    return (int)o.len;
}

int hv_snprintf(char *buf, size_t size, const char *fmt, ...)
{
    va_list ap;
    int len;

    va_start(ap, fmt);
    len = hv_vsnprintf(buf, size, fmt, ap);
    va_end(ap);
    return len;
}
