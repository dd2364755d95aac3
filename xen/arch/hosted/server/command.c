/* SPDX-License-Identifier: MIT */
/*
 * Look at the command's file: a static program would find no /dev/xen and is
 * refused; a program with a sanitizer needs the sanitizer's library preloaded
 * first.
 */
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server.h"

struct image {
    const char *data;
    size_t len;
};

/* The program as execvp() finds it; false: unreadable, execvp() tells why. */
static bool open_image(const char *name, struct image *image)
{
    const char *path = strchr(name, '/') ? "" : getenv("PATH");
    char full[PATH_MAX];
    struct stat st;
    int fd = -1;

    for ( path = path ? path : "/usr/bin:/bin"; fd < 0; )
    {
        int len = (int)strcspn(path, ":");

        snprintf(full, sizeof(full), "%.*s%s%s", len, path, len ? "/" : "",
                 name);
        fd = access(full, X_OK) ? -1 : open(full, O_RDONLY | O_CLOEXEC);
        if ( fd < 0 && !path[len] )
            return false;
        path += len + (path[len] == ':');
    }
    image->data = MAP_FAILED;
    if ( !fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_size > 0 )
    {
        image->len = (size_t)st.st_size;
        image->data = mmap(NULL, image->len, PROT_READ, MAP_PRIVATE, fd, 0);
    }
    close(fd);
    return image->data != MAP_FAILED;
}

static void close_image(struct image *image)
{
    munmap((void *)image->data, image->len);
}

/* The interpreter of a script. */
static bool interpreter(const struct image *image, char name[PATH_MAX])
{
    char line[PATH_MAX] = "";

    if ( image->len < 4 || memcmp(image->data, "#!", 2) )
        return false;
    memcpy(line, image->data + 2,
           image->len - 2 < sizeof(line) - 1 ? image->len - 2
                                             : sizeof(line) - 1);
    return sscanf(line, " %4095s", name) == 1;
}

static const Elf64_Phdr *segment(const struct image *image, uint32_t type,
                                 uint64_t addr)
{
    const Elf64_Ehdr *e = (const void *)image->data;

    if ( image->len < sizeof(*e) || memcmp(e->e_ident, ELFMAG, SELFMAG) ||
         e->e_ident[EI_CLASS] != ELFCLASS64 || e->e_phoff > image->len ||
         e->e_phnum > (image->len - e->e_phoff) / sizeof(Elf64_Phdr) )
        return NULL;
    for ( unsigned int i = 0; i < e->e_phnum; i++ )
    {
        const Elf64_Phdr *p = (const void *)(image->data + e->e_phoff +
                                             i * sizeof(*p));

        if ( p->p_type == type && p->p_offset <= image->len &&
             p->p_filesz <= image->len - p->p_offset &&
             (!addr || addr - p->p_vaddr < p->p_filesz) )
            return p;
    }
    return NULL;
}

int command_check(const char *name)
{
    char script[PATH_MAX];
    struct image image;
    bool is_static;

    if ( !open_image(name, &image) )
        return 0;
    is_static = !segment(&image, PT_INTERP, 0) && segment(&image, PT_LOAD, 0);
    if ( interpreter(&image, script) )
    {
        close_image(&image);
        return command_check(script);
    }
    close_image(&image);
    if ( !is_static )
        return 0;
    fprintf(stderr, "xen-hosted: %s is linked statically: it would not load "
            "the library that provides /dev/xen\n", name);
    return 125;
}

static const char *found_runtime(const char *text, size_t room)
{
    static const char *const known[] = { "libasan.so", "libtsan.so",
                                         "libhwasan.so", "liblsan.so" };
    static char name[64];

    for ( size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++ )
        if ( room > strlen(known[i]) &&
             !strncmp(text, known[i], strlen(known[i])) &&
             memchr(text, '\0', room) )
        {
            snprintf(name, sizeof(name), "%s", text);
            return name;
        }
    return NULL;
}

/* The names that DT_NEEDED gives. */
static const char *search_needed(const struct image *image)
{
    const Elf64_Phdr *p = segment(image, PT_DYNAMIC, 0), *strings;
    const Elf64_Dyn *dyn = p ? (const void *)(image->data + p->p_offset)
                             : NULL;
    size_t nr = p ? p->p_filesz / sizeof(*dyn) : 0, i;
    const char *found = NULL;
    uint64_t table = 0;

    for ( i = 0; i < nr; i++ )
        if ( dyn[i].d_tag == DT_STRTAB )
            table = dyn[i].d_un.d_ptr;
    strings = table ? segment(image, PT_LOAD, table) : NULL;
    for ( i = 0; strings && !found && i < nr; i++ )
    {
        uint64_t at = table - strings->p_vaddr + dyn[i].d_un.d_val;

        if ( dyn[i].d_tag == DT_NEEDED && at < strings->p_filesz )
            found = found_runtime(image->data + strings->p_offset + at,
                                  strings->p_filesz - at);
    }
    return found;
}

const char *command_runtime(const char *name)
{
    struct image image;
    const char *found;

    if ( !open_image(name, &image) )
        return "";
    found = search_needed(&image);
    close_image(&image);
    return found ? found : "";
}

/*
 * A path with a space or a colon is several for LD_PRELOAD: the library is then
 * found by its name, in one more folder of LD_LIBRARY_PATH.
 */
const char *command_preload(const char *library)
{
    const char *others = getenv("LD_LIBRARY_PATH");
    const char *name = strrchr(library, '/');
    char *text;

    if ( !name || !strpbrk(library, " :") )
        return library;
    if ( asprintf(&text, "%s%s%.*s", others ? others : "",
                  others && *others ? ":" : "", (int)(name - library),
                  library) >= 0 )
        setenv("LD_LIBRARY_PATH", text, 1);
    return name + 1;
}
