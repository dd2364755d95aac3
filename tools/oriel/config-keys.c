/* SPDX-License-Identifier: MIT */
/*
 * The table of settings: name, field of struct config, allowed values.  Paths
 * are relative to the current folder, as with xl.
 */
#define _GNU_SOURCE
#include "config.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "layout.h"
#include "say.h"
#include "uuid.h"
#include "xen.h"

struct key {
    const char *name;
    enum { TEXT, NUMBER, TYPE, UUID, TSC } kind;
    size_t offset; /* in struct config */
    uint64_t min, max; /* of a number */
    const char *expected;
};

#define FIELD(f) offsetof(struct config, f)

static const struct key keys[] = {
    { "name", TEXT, FIELD(name), 0, 0, NULL },
    { "type", TYPE, 0, 0, 0, "\"pvh\" or \"hvm\"" },
    { "kernel", TEXT, FIELD(kernel), 0, 0, NULL },
    { "firmware_override", TEXT, FIELD(firmware), 0, 0, NULL },
    { "ramdisk", TEXT, FIELD(ramdisk), 0, 0, NULL },
    { "cmdline", TEXT, FIELD(cmdline), 0, 0, NULL },
    { "root", TEXT, FIELD(root), 0, 0, NULL },
    { "extra", TEXT, FIELD(extra), 0, 0, NULL },
    { "memory", NUMBER, FIELD(memory), LAYOUT_MEMORY_MIN_MIB, 1 << 24,
      "MiB, 2 to 16777216" },
    { "maxmem", NUMBER, FIELD(maxmem), LAYOUT_MEMORY_MIN_MIB, 1 << 24,
      "MiB, 2 to 16777216" },
    { "vcpus", NUMBER, FIELD(vcpus), 1, 8192, "a number from 1 to 8192" },
    { "maxvcpus", NUMBER, FIELD(maxvcpus), 1, 8192, "a number from 1 to 8192" },
    { "max_grant_frames", NUMBER, FIELD(max_grant_frames), 1, 1 << 20,
      "a number of pages from 1 to 1048576" },
    { "max_maptrack_frames", NUMBER, FIELD(max_maptrack_frames), 0, 1 << 20,
      "a number of pages from 0 to 1048576" },
    { "max_grant_version", NUMBER, FIELD(max_grant_version), 1, 2, "1 or 2" },
    { "max_event_channels", NUMBER, FIELD(max_event_channels), 3, 131071,
      "the highest port, 3 to 131071" },
    { "tsc_mode", TSC, 0, 0, 0,
      "\"default\", \"always_emulate\" or \"native\"" },
    { "uuid", UUID, 0, 0, 0, "8-4-4-4-12 hexadecimal digits" },
};

void config_defaults(struct config *config)
{
    *config = (struct config){
        .max_grant_frames = -1, .max_maptrack_frames = -1,
        .max_grant_version = -1, .max_event_channels = 1023, .tsc_mode = 2,
    };
}

static bool set_text(char **where, const char *value)
{
    free(*where);
    *where = strdup(value);
    return *where;
}

static bool set_number(const struct key *key, const char *value,
                       uint64_t *where)
{
    unsigned long long number;
    char *end;

    errno = 0;
    number = strtoull(value, &end, 0);
    if ( *value < '0' || *value > '9' || *end || errno || number < key->min ||
         number > key->max )
        return false;
    *where = number;
    return true;
}

/* One of the words, by its place in the list. */
static bool choose(const char *value, const char *const *words,
                   unsigned int nr, uint64_t *choice)
{
    for ( unsigned int i = 0; i < nr; i++ )
        if ( words[i] && !strcmp(value, words[i]) )
        {
            *choice = i;
            return true;
        }
    return false;
}

static bool apply_key(const struct key *key, const char *value,
                      struct config *config)
{
    static const char *const types[] = { "pvh", "hvm" };
    static const char *const tsc[] = { "default", "always_emulate", "native" };
    void *field = (char *)config + key->offset;
    uint64_t choice;

    switch ( key->kind )
    {
    case TEXT:
        return set_text(field, value);
    case NUMBER:
        return set_number(key, value, field);
    case TYPE:
        if ( !choose(value, types, 2, &choice) )
            return false;
        config->hvm = choice;
        return true;
    case TSC:
        return choose(value, tsc, 3, &config->tsc_mode);
    case UUID:
        config->has_uuid = uuid_parse(value, config->uuid);
        return config->has_uuid;
    }
    return false;
}

/* Do at most `changes` insertions, deletions or changes make b of a? */
static bool resembles(const char *a, const char *b, unsigned int changes)
{
    while ( *a && *a == *b )
    {
        a++;
        b++;
    }
    if ( !*a && !*b )
        return true;
    return changes-- && ((*a && resembles(a + 1, b, changes)) ||
                         (*b && resembles(a, b + 1, changes)) ||
                         (*a && *b && resembles(a + 1, b + 1, changes)));
}

/* The setting whose name is similar, or NULL. */
static const char *similar_key(const char *name)
{
    size_t most = strlen(name) / 3;

    for ( unsigned int changes = 1; changes <= most && changes <= 2; changes++ )
        for ( unsigned int i = 0; i < sizeof(keys) / sizeof(keys[0]); i++ )
            if ( resembles(name, keys[i].name, changes) )
                return keys[i].name;
    return NULL;
}

/* True after a warning, or with strict false after a message: a setting without
 * effect. */
static bool ignore(const struct config *config, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
static bool ignore(const struct config *config, const char *fmt, ...)
{
    char text[1024];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    if ( config->strict )
        failed("%s", text);
    else
        warn("%s", text);
    return !config->strict;
}

static bool apply_unknown(const char *path, const struct config_record *record,
                          const struct config *config)
{
    const char *similar = similar_key(record->name);

    return ignore(config, "%s:%u: %s is not used here%s%s%s", path,
                  record->line, record->name,
                  config->strict ? "" : ": ignored",
                  similar ? "; did you mean " : "", similar ? similar : "");
}

/* The setting of the table that the record is about. */
static bool apply_known(const char *path, const struct key *key,
                        const struct config_record *record,
                        struct config *config)
{
    const char *expected = key->expected ? key->expected : "a string";

    if ( strcmp(record->kind, "s") )
        failed("%s:%u: %s is a list; expected %s", path, record->line,
               record->name, expected);
    else if ( apply_key(key, record->item[0], config) )
        return !record->before ||
               ignore(config, "%s:%u: %s is set again: line %u has no effect",
                      path, record->line, record->name, record->before);
    else
        failed("%s:%u: %s = \"%s\"; expected %s", path, record->line,
               record->name, record->item[0], expected);
    return false;
}

bool config_apply(const char *path, const struct config_record *record,
                  struct config *config)
{
    for ( unsigned int i = 0; i < sizeof(keys) / sizeof(keys[0]); i++ )
        if ( !strcmp(keys[i].name, record->name) )
            return apply_known(path, &keys[i], record, config);
    return apply_unknown(path, record, config);
}

/* What commands would mistake the name for, or NULL. */
static const char *mistaken_for(const char *name)
{
    xen_domain_handle_t uuid;

    if ( *name == '-' )
        return "an option";
    if ( strspn(name, "0123456789") == strlen(name) )
        return "a domain id";
    if ( uuid_parse(name, uuid) )
        return "a UUID";
    return strcmp(name, XEN_DOM0_NAME) ? NULL : "the control domain";
}

static bool check_name(const char *path, const char *name)
{
    bool good = name && *name && strlen(name) < CONFIG_NAME_MAX;

    if ( !name )
    {
        failed("%s: name is missing; add name = \"NAME\"", path);
        return false;
    }
    for ( const char *p = name; *p; p++ )
        good &= *p > ' ' && *p < 0x7f && *p != '/';
    if ( !good )
        failed("%s: the name is not 1 to %d printable ASCII characters without "
               "slash and space", path, CONFIG_NAME_MAX - 1);
    else if ( mistaken_for(name) )
    {
        failed("%s: name = \"%s\": this would be taken for %s; choose another",
               path, name, mistaken_for(name));
        good = false;
    }
    return good;
}

/* cmdline, or a command line made of root and extra. */
static bool finish_cmdline(const char *path, struct config *c)
{
    const char *root = c->root ? c->root : "";
    const char *extra = c->extra ? c->extra : "";

    if ( c->cmdline )
    {
        return (!c->root && !c->extra) ||
               ignore(c, "%s: root and extra are ignored: cmdline is given",
                      path);
    }
    return asprintf(&c->cmdline, "%s%s%s%s", *root ? "root=" : "", root,
                    *root && *extra ? " " : "", extra) >= 0;
}

/* What starts the guest: the kernel, or as with xl what replaces firmware. */
static bool finish_kernel(const char *path, struct config *c)
{
    if ( c->firmware && !c->hvm )
        failed("%s: firmware_override is for guests with type = \"hvm\"", path);
    else if ( c->firmware && c->kernel )
        failed("%s: firmware_override and kernel: nothing would load the "
               "kernel; give one of them", path);
    else if ( !c->firmware && !c->kernel )
        failed("%s: kernel is missing; add kernel = \"FILE\", an ELF file: "
               "there is no firmware to boot from a disk", path);
    else
    {
        if ( c->firmware )
            c->kernel = c->firmware;
        c->firmware = NULL;
        return true;
    }
    return false;
}

bool config_finish(const char *path, struct config *c)
{
    if ( !check_name(path, c->name) )
        return false;
    if ( !finish_kernel(path, c) )
        return false;
    if ( !c->memory )
        c->memory = 128 < c->maxmem || !c->maxmem ? 128 : c->maxmem;
    if ( !c->maxmem )
        c->maxmem = c->memory;
    if ( !c->vcpus )
        c->vcpus = 1;
    if ( !c->maxvcpus )
        c->maxvcpus = c->vcpus;
    if ( c->maxmem < c->memory || c->maxvcpus < c->vcpus )
    {
        failed("%s: %s is less than %s", path,
               c->maxmem < c->memory ? "maxmem" : "maxvcpus",
               c->maxmem < c->memory ? "memory" : "vcpus");
        return false;
    }
    if ( c->maxvcpus > c->vcpus &&
         !ignore(c, "%s: the guest finds %llu vcpus: vcpus = %llu has no effect "
                 "without hotplug", path, (unsigned long long)c->maxvcpus,
                 (unsigned long long)c->vcpus) )
        return false;
    return finish_cmdline(path, c);
}
