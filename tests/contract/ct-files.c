/* SPDX-License-Identifier: MIT */
/*
 * The files in /dev/xen as files: by which paths and calls programs find them,
 * what they read, write, poll, map, pass on and inherit.  Linux' answers are
 * the right ones; the other parts are ct-files-*.c.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#include "ct-files.h"

#define DEV "/dev/xen/"

static const char *const names[] = { "privcmd", "evtchn", "gntdev",
                                     "gntalloc", "hypercall", "xenbus",
                                     "xenbus_backend" };

static bool is_device(const struct stat *st)
{
    return S_ISCHR(st->st_mode) && st->st_rdev >> 8 == 10;
}

static void stats(const char *name, const char *path)
{
    struct stat st;
    struct stat64 st64;
    struct statx stx;
    int dir;

    ct_ok(!stat(path, &st) && is_device(&st), "%s: stat", name);
    ct_ok(!lstat(path, &st) && is_device(&st), "%s: lstat", name);
    ct_ok(!stat64(path, &st64) && S_ISCHR(st64.st_mode), "%s: stat64", name);
    ct_ok(!lstat64(path, &st64) && S_ISCHR(st64.st_mode), "%s: lstat64",
          name);
    ct_ok(!fstatat(AT_FDCWD, path, &st, 0) && is_device(&st), "%s: fstatat",
          name);
    ct_ok(!statx(AT_FDCWD, path, 0, STATX_TYPE, &stx) &&
          S_ISCHR(stx.stx_mode) && stx.stx_rdev_major == 10, "%s: statx",
          name);
    ct_ok(!access(path, R_OK | W_OK), "%s: access", name);
    ct_expect(0, faccessat(AT_FDCWD, path, R_OK, 0), "%s: faccessat", name);
    ct_ok(!euidaccess(path, R_OK) && !eaccess(path, R_OK), "%s: euidaccess",
          name);
    ct_expect(EINVAL, readlink(path, (char[64]){ 0 }, 64), "%s: readlink",
              name);
    dir = open("/dev/xen", O_RDONLY | O_DIRECTORY);
    ct_ok(dir >= 0 && !fstatat(dir, name, &st, 0) && is_device(&st),
          "%s: fstatat by the folder", name);
    ct_expect(0, faccessat(dir, name, F_OK, 0), "%s: faccessat by the folder",
              name);
    close(dir);
}

static bool opens(int fd)
{
    struct stat st;
    bool good = fd >= 0 && !fstat(fd, &st) && is_device(&st);

    close(fd);
    return good;
}

static bool stream_opens(FILE *f)
{
    bool good = f && fileno(f) >= 0;
    struct stat st;

    good = good && !fstat(fileno(f), &st) && is_device(&st);
    if ( f )
        fclose(f);
    return good;
}

static void opening(const char *name, const char *path)
{
    char odd[64], resolved[PATH_MAX];
    int dir = open("/dev", O_RDONLY | O_DIRECTORY);
    FILE *f;

    ct_ok(opens(open(path, O_RDWR)), "%s: open", name);
    ct_ok(opens(open64(path, O_RDWR)), "%s: open64", name);
    ct_ok(opens(openat(AT_FDCWD, path, O_RDWR)), "%s: openat", name);
    ct_ok(opens(openat(dir, path + 5, O_RDWR)), "%s: openat by /dev", name);
    close(dir);
    snprintf(odd, sizeof(odd), "/dev/./xen//../xen/%s", name);
    ct_ok(opens(open(odd, O_RDWR)), "%s: a path with . and ..", name);
    snprintf(odd, sizeof(odd), DEV "%s/", name);
    ct_expect(ENOTDIR, open(odd, O_RDWR), "%s: as a folder", name);
    ct_expect(EEXIST, open(path, O_RDWR | O_CREAT | O_EXCL, 0600),
              "%s: made anew", name);
    ct_ok(stream_opens(fopen(path, "r")), "%s: fopen", name);
    ct_ok(stream_opens(fopen64(path, "r+")), "%s: fopen64", name);
    f = fopen("/dev/null", "r");
    ct_ok(stream_opens(f ? freopen(path, "r", f) : NULL), "%s: freopen",
          name);
    ct_ok(realpath(path, resolved) && !strcmp(resolved, path), "%s: realpath",
          name);
}

static bool listed(DIR *d, const char *name)
{
    struct dirent *e;

    rewinddir(d);
    while ( (e = readdir(d)) )
        if ( !strcmp(e->d_name, name) )
            return true;
    return false;
}

static int is_privcmd(const struct dirent *e)
{
    return e->d_type == DT_CHR && !strcmp(e->d_name, "privcmd");
}

/* What readdir() says that they are. */
static void types(void)
{
    static const char *const folders[] = { "/dev/xen", "/proc/xen",
                                           "/sys/hypervisor" };
    struct stat a, b;
    struct dirent **list = NULL, *e;
    DIR *d = opendir("/dev/xen");
    unsigned int devices = 0;

    while ( d && (e = readdir(d)) )
        devices += e->d_type == DT_CHR;
    if ( d )
        closedir(d);
    ct_ok(devices >= CT_NR(names), "/dev/xen: readdir tells devices");
    ct_ok(scandir("/dev/xen", &list, is_privcmd, NULL) == 1,
          "/dev/xen: scandir tells devices");
    free(list ? list[0] : NULL);
    free(list);
    ct_ok(!stat("/dev/xen/privcmd", &a) && !stat("/dev/xen/evtchn", &b) &&
          a.st_rdev != b.st_rdev, "/dev/xen: each its own device");
    for ( size_t i = 0; i < CT_NR(folders); i++ )
        ct_ok(!stat(folders[i], &a) && a.st_mode == (S_IFDIR | 0755),
              "%s: anybody may look", folders[i]);
}

static void folder(void)
{
    DIR *d = opendir("/dev/xen");
    glob_t g = { 0 };
    bool found = false;
    struct stat st;

    ct_ok(d, "/dev/xen: opendir");
    for ( size_t i = 0; i < CT_NR(names); i++ )
        ct_ok(d && listed(d, names[i]), "%s: readdir", names[i]);
    if ( d )
        closedir(d);
    ct_ok(!glob("/dev/xen/priv*", 0, NULL, &g), "/dev/xen: glob");
    for ( size_t i = 0; i < g.gl_pathc; i++ )
        found |= !strcmp(g.gl_pathv[i], "/dev/xen/privcmd");
    ct_ok(found, "/dev/xen: what glob finds");
    globfree(&g);
    ct_ok(!stat("/dev/xen", &st) && S_ISDIR(st.st_mode), "/dev/xen: stat");
    ct_expect(ENOENT, open("/dev/xen/nothing", O_RDWR), "a file that is not "
              "there");
    ct_expect(ENOENT, access("/dev/xen/nothing", F_OK), "access to it");
    ct_expect(EISDIR, open("/dev/xen", O_RDWR), "/dev/xen: open to write");
}

/* Of /proc/xen and /sys/hypervisor; the devices among them are above. */
static void texts(void)
{
    static const char *const name[] = { "privcmd", "xenbus", "xsd_kva",
                                        "xsd_port" };
    char path[64], text[64] = "";
    struct stat st;
    FILE *f;

    for ( size_t i = 0; i < CT_NR(name); i++ )
    {
        snprintf(path, sizeof(path), "/proc/xen/%s", name[i]);
        ct_ok(!stat(path, &st) && st.st_mode == (S_IFREG | 0600), "%s: stat",
              path);
    }
    ct_ok(!stat("/proc/xen/capabilities", &st) &&
          st.st_mode == (S_IFREG | 0444), "capabilities: stat");
    f = fopen("/proc/xen/capabilities", "r");
    ct_ok(f && fgets(text, sizeof(text), f) && !strcmp(text, "control_d\n"),
          "capabilities: this is dom0");
    if ( f )
        fclose(f);
    f = fopen("/sys/hypervisor/type", "r");
    ct_ok(f && fgets(text, sizeof(text), f) && !strcmp(text, "xen\n"),
          "/sys/hypervisor/type");
    if ( f )
        fclose(f);
    f = fopen("/sys/hypervisor/version/major", "r");
    ct_ok(f && fgets(text, sizeof(text), f) && !strcmp(text, "4\n"),
          "/sys/hypervisor/version/major");
    if ( f )
        fclose(f);
    ct_expect(EACCES, open("/sys/hypervisor/type", O_RDWR),
              "/sys/hypervisor/type: open to write");
    ct_expect(ENOENT, open("/sys/hypervisor/nothing", O_RDONLY),
              "/sys/hypervisor/nothing");
}

void test_paths(void)
{
    char path[64];

    for ( size_t i = 0; i < CT_NR(names); i++ )
    {
        snprintf(path, sizeof(path), DEV "%s", names[i]);
        stats(names[i], path);
        opening(names[i], path);
    }
    folder();
    types();
    texts();
}

int main(int argc, char **argv)
{
    if ( argc == 4 && !strcmp(argv[1], "--shared") )
        return shared_child(argv[2], argv[3]);
    ct_begin();
    test_paths();
    test_more_paths();
    test_places();
    test_modes();
    test_forks();
    test_stopped();
    test_full();
    test_evtchn();
    test_virqs();
    test_privcmd();
    test_privcmd_memory();
    test_grants();
    test_notify();
    test_sets();
    test_sharing(argv[0]);
    return ct_end();
}
