/* SPDX-License-Identifier: MIT */
/*
 * oriel-config: reads a configuration file in xl.cfg's syntax with libxlutil,
 * so that oriel accepts the files that xl accepts, and writes the settings.
 *
 * It is a program of its own because libxlutil loads libxenlight, which needs
 * symbols that only the libxenctrl built with it has; oriel runs with a
 * libxenctrl of the same name that has the documented calls only.  oriel starts
 * oriel-config without oriel's library path.
 *
 *   oriel-config FILE
 *
 * writes one record of zero-terminated strings for each setting:
 *
 *   NAME LINE KIND COUNT ITEM...      KIND "s": a value, COUNT 1
 *                                     KIND "l": a list; a list in it is "[...]"
 *
 * LINE is the line of the last assignment.  Exit status, after messages on
 * standard error that name the file: 0; 1: the file is no configuration; 2:
 * misused; 3: the file cannot be read, or there is no memory.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libxlutil.h>

#define FILE_MAX (1 << 20)

/* Exit codes. */
#define NO_CONFIGURATION 1
#define MISUSED 2
#define UNREADABLE 3

struct setting {
    char *name;
    unsigned int line;
};

static struct setting *settings;
static unsigned int nr_settings;

static void out_of_memory(void)
{
    fputs("oriel-config: out of memory\n", stderr);
    exit(UNREADABLE);
}

static char *read_file(const char *path, size_t *len)
{
    FILE *f = fopen(path, "re");
    char *text = malloc(FILE_MAX + 1);

    if ( !text )
        out_of_memory();
    if ( !f )
    {
        fprintf(stderr, "oriel-config: %s: %s\n", path, strerror(errno));
        exit(UNREADABLE);
    }
    *len = fread(text, 1, FILE_MAX + 1, f);
    if ( ferror(f) || *len > FILE_MAX || memchr(text, '\0', *len) )
    {
        fprintf(stderr, "oriel-config: %s: %s\n", path,
                ferror(f) ? strerror(errno)
                          : "not a text file of up to 1 MiB");
        exit(ferror(f) ? UNREADABLE : NO_CONFIGURATION);
    }
    fclose(f);
    text[*len] = '\0';
    return text;
}

static void add_setting(const char *name, size_t len, unsigned int line)
{
    for ( unsigned int i = 0; i < nr_settings; i++ )
        if ( strlen(settings[i].name) == len &&
             !memcmp(settings[i].name, name, len) )
        {
            settings[i].line = line;
            return;
        }
    settings = reallocarray(settings, nr_settings + 1, sizeof(*settings));
    if ( !settings || !(settings[nr_settings].name = strndup(name, len)) )
        out_of_memory();
    settings[nr_settings++].line = line;
}

/* The position behind the string that starts here. */
static const char *skip_string(const char *p)
{
    char quote = *p++;

    while ( *p && *p != quote )
        p += *p == '\\' && p[1] ? 2 : 1;
    return *p ? p + 1 : p;
}

/*
 * Find the names that are set: libxlutil looks up a name, but does not list the
 * names.  libxlutil has accepted the file, so each word outside strings,
 * comments and brackets is a name.
 */
static void list_settings(const char *p)
{
    unsigned int line = 1, depth = 0;

    while ( *p )
    {
        const char *start = p;

        if ( *p == '#' )
            p += strcspn(p, "\n");
        else if ( *p == '"' || *p == '\'' )
            p = skip_string(p);
        else if ( depth == 0 && (isalpha((unsigned char)*p) || *p == '_') )
        {
            while ( isalnum((unsigned char)*p) || *p == '_' )
                p++;
            add_setting(start, (size_t)(p - start), line);
        }
        else if ( isdigit((unsigned char)*p) )
            while ( isalnum((unsigned char)*p) )
                p++;
        else
        {
            line += *p == '\n';
            depth += *p == '[';
            depth -= *p == ']' && depth;
            p++;
        }
    }
}

static void put(const char *text)
{
    fwrite(text, 1, strlen(text) + 1, stdout);
}

static void put_number(unsigned int value)
{
    char text[16];

    snprintf(text, sizeof(text), "%u", value);
    put(text);
}

static void put_setting(const XLU_Config *cfg, const struct setting *s)
{
    const char *value;
    XLU_ConfigList *list;
    int nr;

    if ( !xlu_cfg_get_string(cfg, s->name, &value, 1) )
    {
        put(s->name);
        put_number(s->line);
        put("s");
        put_number(1);
        put(value);
    }
    else if ( !xlu_cfg_get_list(cfg, s->name, &list, &nr, 1) )
    {
        put(s->name);
        put_number(s->line);
        put("l");
        put_number((unsigned int)nr);
        for ( int i = 0; i < nr; i++ )
        {
            const char *item = xlu_cfg_get_listitem(list, i);

            put(item ? item : "[...]");
        }
    }
}

static const char usage[] =
    "usage: oriel-config FILE\n"
    "Part of oriel create: write the settings of a configuration file as "
    "records of\nzero-terminated strings, NAME LINE KIND COUNT ITEM...\n"
    "  -h, --help, --version\n";

int main(int argc, char **argv)
{
    XLU_Config *cfg;
    size_t len;
    char *text;

    if ( argc == 2 && !strcmp(argv[1], "--version") )
        return puts("oriel-config " ORIEL_VERSION) < 0 || fflush(stdout)
                   ? UNREADABLE : 0;
    if ( argc == 2 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) )
        return fputs(usage, stdout) < 0 || fflush(stdout) ? UNREADABLE : 0;
    if ( argc != 2 || argv[1][0] == '-' )
    {
        fprintf(stderr, "oriel-config: %s\n%s",
                argc == 2 ? "unknown option" : "expected one FILE", usage);
        return MISUSED;
    }
    text = read_file(argv[1], &len);
    cfg = xlu_cfg_init(stderr, argv[1]);
    if ( !cfg )
        out_of_memory();
    if ( xlu_cfg_readdata(cfg, text, (int)len) )
        return NO_CONFIGURATION;
    list_settings(text);
    for ( unsigned int i = 0; i < nr_settings; i++ )
        put_setting(cfg, &settings[i]);
    return fflush(stdout) ? UNREADABLE : 0;
}
