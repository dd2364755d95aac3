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
 *   oriel-config [--] FILE      FILE -: standard input
 *
 * writes one record of zero-terminated strings for each setting:
 *
 *   NAME LINE BEFORE KIND COUNT ITEM...   KIND "s": a value, COUNT 1
 *                                         KIND "l": a list; a list in it is
 *                                                   "[...]"
 *
 * LINE is the line of the last assignment, which counts, BEFORE that of the
 * assignment before it, or 0.  Exit status, after messages on standard error
 * that name the file: 0; 1: the file is no configuration; 2: misused; 3: the file
 * cannot be read, the records cannot be written, or there is no memory.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libxlutil.h>

#include "../descriptors.h"

#define FILE_MAX (1 << 20)

/* Exit codes. */
#define NO_CONFIGURATION 1
#define MISUSED 2
#define UNREADABLE 3

struct setting {
    char *name;
    unsigned int line, before; /* 0: it was set once */
};

static struct setting *settings;
static unsigned int nr_settings;

static void out_of_memory(void)
{
    fputs("oriel-config: out of memory\n", stderr);
    exit(UNREADABLE);
}

/* At once when a write fails: later its errno is gone. */
static void output_failed(void)
{
    fprintf(stderr, "oriel-config: standard output: %s\n", strerror(errno));
    exit(UNREADABLE);
}

static void output(const char *text, size_t len)
{
    if ( fwrite(text, 1, len, stdout) != len )
        output_failed();
}

static void flush_output(void)
{
    if ( fflush(stdout) )
        output_failed();
}

static bool is_stdin(const char *path)
{
    return !strcmp(path, "-");
}

/* The file's name in messages. */
static const char *shown(const char *path)
{
    return is_stdin(path) ? "standard input" : path;
}

static char *read_file(const char *path, size_t *len)
{
    FILE *f = is_stdin(path) ? stdin : fopen(path, "re");
    char *text = malloc(FILE_MAX + 1);

    if ( !text )
        out_of_memory();
    if ( !f )
    {
        fprintf(stderr, "oriel-config: %s: %s\n", shown(path), strerror(errno));
        exit(UNREADABLE);
    }
    *len = fread(text, 1, FILE_MAX + 1, f);
    if ( ferror(f) || *len > FILE_MAX || memchr(text, '\0', *len) )
    {
        fprintf(stderr, "oriel-config: %s: %s\n", shown(path),
                ferror(f) ? strerror(errno)
                          : "not a text file of up to 1 MiB");
        exit(ferror(f) ? UNREADABLE : NO_CONFIGURATION);
    }
    fclose(f);
    text[*len] = '\0';
    return text;
}

/* append: by +=, which ignores nothing of what was set before. */
static void add_setting(const char *name, size_t len, unsigned int line,
                        bool append)
{
    for ( unsigned int i = 0; i < nr_settings; i++ )
        if ( strlen(settings[i].name) == len &&
             !memcmp(settings[i].name, name, len) )
        {
            settings[i].before = append ? 0 : settings[i].line;
            settings[i].line = line;
            return;
        }
    settings = reallocarray(settings, nr_settings + 1, sizeof(*settings));
    if ( !settings || !(settings[nr_settings].name = strndup(name, len)) )
        out_of_memory();
    settings[nr_settings].before = 0;
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
            add_setting(start, (size_t)(p - start), line,
                        p[strspn(p, " \t")] == '+');
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

/* With its zero. */
static void put(const char *text)
{
    output(text, strlen(text) + 1);
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
        put_number(s->before);
        put("s");
        put_number(1);
        put(value);
    }
    else if ( !xlu_cfg_get_list(cfg, s->name, &list, &nr, 1) )
    {
        put(s->name);
        put_number(s->line);
        put_number(s->before);
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
    "usage: oriel-config [--] FILE\n"
    "Part of oriel create: write the settings of a configuration file (-: "
    "standard\ninput) as records of zero-terminated strings, NAME LINE BEFORE "
    "KIND COUNT ITEM...\n"
    "  -h, --help, --version\n";

static int show(const char *text)
{
    output(text, strlen(text));
    flush_output();
    return 0;
}

static int misused(const char *why)
{
    fprintf(stderr, "oriel-config: %s\n%s", why, usage);
    return MISUSED;
}

static int write_settings(const char *path)
{
    size_t len;
    char *text = read_file(path, &len);
    XLU_Config *cfg = xlu_cfg_init(stderr, shown(path));

    if ( !cfg )
        out_of_memory();
    if ( xlu_cfg_readdata(cfg, text, (int)len) )
        return NO_CONFIGURATION;
    list_settings(text);
    for ( unsigned int i = 0; i < nr_settings; i++ )
        put_setting(cfg, &settings[i]);
    flush_output();
    return 0;
}

int main(int argc, char **argv)
{
    const char *path = argc == 2 || argc == 3 ? argv[argc - 1] : NULL;

    fill_descriptors();
    if ( argc == 2 && !strcmp(path, "--version") )
        return show("oriel-config " ORIEL_VERSION "\n");
    if ( argc == 2 && (!strcmp(path, "--help") || !strcmp(path, "-h")) )
        return show(usage);
    if ( argc == 2 && path[0] == '-' && !is_stdin(path) )
        return misused("unknown option");
    if ( !path || (argc == 3 && strcmp(argv[1], "--")) )
        return misused("expected one FILE");
    return write_settings(path);
}
