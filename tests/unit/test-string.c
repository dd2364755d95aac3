/* SPDX-License-Identifier: MIT */
/* xen/lib: memory and string functions, under other names, against libc's. */
#include "fixture.h"

void *hv_memset(void *s, int c, size_t n);
void *hv_memcpy(void *d, const void *s, size_t n);
void *hv_memmove(void *d, const void *s, size_t n);
int hv_memcmp(const void *a, const void *b, size_t n);
size_t hv_strlen(const char *s);
int hv_strcmp(const char *a, const char *b);
int hv_strncmp(const char *a, const char *b, size_t n);
char *hv_strchr(const char *s, int c);

#define memset hv_memset
#define memcpy hv_memcpy
#define memmove hv_memmove
#define memcmp hv_memcmp
#define strlen hv_strlen
#define strcmp hv_strcmp
#define strncmp hv_strncmp
#define strchr hv_strchr
#include "../../xen/lib/string.c"
#undef memset
#undef memcpy
#undef memmove
#undef memcmp
#undef strlen
#undef strcmp
#undef strncmp
#undef strchr

#define AREA 160

static uint8_t ours[AREA], theirs[AREA];

static void fill(void)
{
    for ( unsigned int i = 0; i < AREA; i++ )
        ours[i] = theirs[i] = (uint8_t)(i * 7 + 1);
}

static void check_areas(void)
{
    for ( unsigned int i = 0; i < AREA; i++ )
        assert_int_equal(ours[i], theirs[i]);
}

/* Every alignment and length around the steps; nothing beside is touched. */
static void test_memset(void **state)
{
    (void)state;
    for ( unsigned int at = 0; at < 16; at++ )
        for ( unsigned int n = 0; n + at < AREA; n++ )
        {
            fill();
            memset(theirs + at, 0x1a5, n);
            assert_ptr_equal(hv_memset(ours + at, 0x1a5, n), ours + at);
            check_areas();
        }
}

static void test_memcpy(void **state)
{
    uint8_t from[AREA];

    (void)state;
    for ( unsigned int i = 0; i < AREA; i++ )
        from[i] = (uint8_t)(255 - i);
    for ( unsigned int at = 0; at < 9; at++ )
        for ( unsigned int src = 0; src < 9; src++ )
            for ( unsigned int n = 0; n + max(at, src) < AREA; n++ )
            {
                fill();
                memcpy(theirs + at, from + src, n);
                assert_ptr_equal(hv_memcpy(ours + at, from + src, n),
                                 ours + at);
                check_areas();
            }
}

/* Every distance of the two, both ways. */
static void test_memmove(void **state)
{
    (void)state;
    for ( unsigned int at = 0; at < 70; at++ )
        for ( unsigned int src = 0; src < 70; src++ )
            for ( unsigned int n = 0; n < 80; n += n < 40 ? 1 : 13 )
            {
                fill();
                memmove(theirs + at, theirs + src, n);
                assert_ptr_equal(hv_memmove(ours + at, ours + src, n),
                                 ours + at);
                check_areas();
            }
}

static int sign(int n)
{
    return (n > 0) - (n < 0);
}

static void test_memcmp(void **state)
{
    (void)state;
    for ( unsigned int n = 0; n < 40; n++ )
    {
        fill();
        assert_int_equal(hv_memcmp(ours + 3, theirs + 3, n), 0);
        ours[3 + n]++; /* beyond */
        assert_int_equal(hv_memcmp(ours + 3, theirs + 3, n), 0);
        for ( unsigned int i = 0; i < n; i++ )
        {
            fill();
            /* The first difference counts, and bytes are unsigned. */
            ours[3 + i] = 0x80;
            theirs[3 + i] = 0x7f;
            ours[3 + n - 1] += i != n - 1 ? -1 : 0;
            assert_int_equal(hv_memcmp(ours + 3, theirs + 3, n), 1);
            assert_int_equal(hv_memcmp(theirs + 3, ours + 3, n), -1);
        }
    }
}

static void test_strings(void **state)
{
    static const char *const words[] = {
        "", "a", "ab", "abc", "abd", "b", "\x80", "\xff""a", "dom0_mem",
        "dom0_mem=512M",
    };

    (void)state;
    for ( unsigned int i = 0; i < ARRAY_SIZE(words); i++ )
    {
        const char *a = words[i];

        assert_int_equal(hv_strlen(a), strlen(a));
        for ( unsigned int c = 0; c < 256; c++ )
            assert_ptr_equal(hv_strchr(a, (int)c), strchr(a, (int)c));
        for ( unsigned int j = 0; j < ARRAY_SIZE(words); j++ )
        {
            assert_int_equal(hv_strcmp(a, words[j]),
                             sign(strcmp(a, words[j])));
            for ( unsigned int n = 0; n < 10; n++ )
                assert_int_equal(hv_strncmp(a, words[j], n),
                                 sign(strncmp(a, words[j], n)));
        }
    }
}

static void test_strtoul(void **state)
{
    static const struct {
        const char *s;
        unsigned int base;
        unsigned long value;
        unsigned int len;
    } cases[] = {
        { "", 0, 0, 0 },              { "x", 0, 0, 0 },
        { "-1", 0, 0, 0 },            { " 1", 0, 0, 0 },
        { "0", 0, 0, 1 },             { "42M", 0, 42, 2 },
        { "0x1fG", 0, 0x1f, 4 },      { "0XaF", 0, 0xaf, 4 },
        { "017", 0, 15, 3 },          { "08", 0, 0, 1 },
        { "0x", 0, 0, 1 },            { "0xg", 16, 0, 1 },
        { "0x10", 10, 0, 1 },         { "0x10", 16, 16, 4 },
        { "ff,", 16, 255, 2 },        { "zz", 36, 1295, 2 },
        { "102", 2, 2, 2 },
        { "18446744073709551615", 10, ~0UL, 20 },
        { "18446744073709551616 ", 10, ~0UL, 20 },
        { "99999999999999999999999,", 0, ~0UL, 23 },
        { "0xffffffffffffffff", 0, ~0UL, 18 },
    };

    (void)state;
    for ( unsigned int i = 0; i < ARRAY_SIZE(cases); i++ )
    {
        const char *end;

        assert_int_equal(hv_strtoul(cases[i].s, &end, cases[i].base),
                         cases[i].value);
        assert_int_equal(end - cases[i].s, cases[i].len);
        assert_int_equal(hv_strtoul(cases[i].s, NULL, cases[i].base),
                         cases[i].value);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memset),  cmocka_unit_test(test_memcpy),
        cmocka_unit_test(test_memmove), cmocka_unit_test(test_memcmp),
        cmocka_unit_test(test_strings), cmocka_unit_test(test_strtoul),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
