/* SPDX-License-Identifier: MIT */
/*
 * Conversion of structures between the two layouts of hv/compat.h, on the way
 * from or to the memory of a 32-bit caller.  No locks, nothing is kept.
 */
#include <hv/compat.h>
#include <hv/guest-access.h>
#include <hv/lib.h>

#define CHUNK 128 /* bytes of the caller's memory that are copied at once */

/* ---- the tables ---- */

#define ROW(s, type, name, from)                                             \
    { .at = offsetof(struct s, from),                                        \
      .at_32 = offsetof(struct compat_##s, name),                            \
      .bytes = sizeof(((struct s *)NULL)->from),                             \
      .bytes_32 = sizeof(type) },
#define LAYOUT(s)                                                            \
    static const struct compat_field fields_of_##s[] = {                     \
        COMPAT_##s(ROW, s)                                                   \
    };                                                                       \
    const struct compat_layout compat_of_##s = {                             \
        .bytes = sizeof(struct s),                                           \
        .bytes_32 = sizeof(struct compat_##s),                               \
        .nr_fields = ARRAY_SIZE(fields_of_##s),                              \
        .field = fields_of_##s,                                              \
    };                                                                       \
    _Static_assert(sizeof(struct compat_##s) <= CHUNK, "one piece");
COMPAT_DIFFERENT(LAYOUT)

static const struct compat_field fields_of_words[] = {
    { .bytes = sizeof(uint64_t), .bytes_32 = sizeof(uint32_t) },
};
const struct compat_layout compat_of_words = {
    .bytes = sizeof(uint64_t),
    .bytes_32 = sizeof(uint32_t),
    .nr_fields = ARRAY_SIZE(fields_of_words),
    .field = fields_of_words,
};
const struct compat_layout compat_of_none;

/* ---- one structure ---- */

static void widen(const struct compat_layout *l, void *to, const void *from)
{
    memset(to, 0, l->bytes);
    for ( unsigned int i = 0; i < l->nr_fields; i++ )
    {
        const struct compat_field *f = &l->field[i];

        memcpy((char *)to + f->at, (const char *)from + f->at_32,
               min(f->bytes, f->bytes_32));
    }
}

static void narrow(const struct compat_layout *l, void *to, const void *from)
{
    memset(to, 0, l->bytes_32);
    for ( unsigned int i = 0; i < l->nr_fields; i++ )
    {
        const struct compat_field *f = &l->field[i];

        memcpy((char *)to + f->at_32, (const char *)from + f->at,
               min(f->bytes, f->bytes_32));
    }
}

/* ---- copies ---- */

/* How many structures fit the buffer; 0: there is no 32-bit form. */
static size_t at_once(const struct compat_layout *l)
{
    return l->bytes_32 ? CHUNK / l->bytes_32 : 0;
}

int compat_copy_in(const struct compat_layout *l, void *dst, uint64_t src,
                   size_t nr)
{
    char piece[CHUNK];

    while ( nr )
    {
        size_t n = min(nr, at_once(l));

        if ( !n || guest_copy_in(piece, src, n * l->bytes_32) )
            return -EFAULT;
        for ( size_t i = 0; i < n; i++ )
            widen(l, (char *)dst + i * l->bytes, piece + i * l->bytes_32);
        dst = (char *)dst + n * l->bytes;
        src += n * l->bytes_32;
        nr -= n;
    }
    return 0;
}

int compat_copy_out(const struct compat_layout *l, uint64_t dst,
                    const void *src, size_t nr)
{
    char piece[CHUNK];

    while ( nr )
    {
        size_t n = min(nr, at_once(l));

        for ( size_t i = 0; i < n; i++ )
            narrow(l, piece + i * l->bytes_32,
                   (const char *)src + i * l->bytes);
        if ( !n || guest_copy_out(dst, piece, n * l->bytes_32) )
            return -EFAULT;
        src = (const char *)src + n * l->bytes;
        dst += n * l->bytes_32;
        nr -= n;
    }
    return 0;
}

int compat_copy_part_out(const struct compat_layout *l, uint64_t dst,
                         const void *src, size_t offset, size_t bytes)
{
    if ( !l->bytes_32 )
        return -EFAULT;
    for ( unsigned int i = 0; i < l->nr_fields; i++ )
    {
        const struct compat_field *f = &l->field[i];

        if ( f->at >= offset && f->at < offset + bytes &&
             guest_copy_out(dst + f->at_32, (const char *)src + f->at,
                            min(f->bytes, f->bytes_32)) )
            return -EFAULT;
    }
    return 0;
}
