/* SPDX-License-Identifier: MIT */
/*
 * A fuzz target as a program of its own, without libFuzzer.
 *
 *     fuzz-X FILE|DIRECTORY...      replay these inputs
 *     fuzz-X --ops N [--seed S]     draw inputs until N operations are done
 *     fuzz-X --save FILE ...        keep the input that is being run there
 *     fuzz-X --draw DIRECTORY N       write N drawn inputs: seeds for libFuzzer
 *
 * A watchdog ends it when an operation hangs, status 124: tests/limits.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <signal.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../limit.h"
#include "fuzz.h"

#define MAX_BYTES 65536
#define DRAWN_BYTES 2048

static const char *save_path;
static uint64_t seen_ops, nr_inputs;

static void watchdog(int sig)
{
    static const char text[] = "timeout: an operation does not end\n";

    (void)sig;
    if ( seen_ops == fuzz_ops )
    {
        (void)!write(STDERR_FILENO, text, sizeof(text) - 1);
        _exit(TIMEOUT_STATUS);
    }
    seen_ops = fuzz_ops;
    alarm(limit_seconds(WAIT_LIMIT));
}

static void save(const char *path, const void *data, size_t size)
{
    FILE *f = fopen(path, "wb");

    if ( !f || fwrite(data, 1, size, f) != size || fclose(f) )
        fuzz_fail("cannot write %s\n", path);
}

static void run(const uint8_t *data, size_t size)
{
    if ( save_path )
        save(save_path, data, size);
    nr_inputs++;
    LLVMFuzzerTestOneInput(data, size);
}

static void replay(const char *path)
{
    static uint8_t data[MAX_BYTES];
    struct stat st;
    FILE *f;

    if ( stat(path, &st) )
        fuzz_fail("no %s\n", path);
    if ( S_ISDIR(st.st_mode) )
    {
        struct dirent **names;
        int nr = scandir(path, &names, NULL, alphasort);

        if ( nr < 0 )
            fuzz_fail("cannot read %s\n", path);
        for ( int i = 0; i < nr; i++ )
        {
            char *name;

            if ( names[i]->d_name[0] != '.' &&
                 asprintf(&name, "%s/%s", path, names[i]->d_name) >= 0 )
            {
                replay(name);
                free(name);
            }
            free(names[i]);
        }
        free(names);
        return;
    }
    f = fopen(path, "rb");
    if ( !f )
        fuzz_fail("cannot open %s\n", path);
    run(data, fread(data, 1, sizeof(data), f));
    fclose(f);
}

static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15UL;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9UL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebUL;
    return z ^ (z >> 31);
}

static void draw_files(const char *directory, unsigned int nr)
{
    static uint64_t data[DRAWN_BYTES / 8];
    uint64_t state = 1;

    for ( unsigned int i = 0; i < nr; i++ )
    {
        char *path;

        for ( size_t j = 0; j < ARRAY_SIZE(data); j++ )
            data[j] = next_random(&state);
        if ( asprintf(&path, "%s/drawn-%02u", directory, i) < 0 )
            fuzz_fail("no memory\n");
        save(path, data, sizeof(data));
        free(path);
    }
}

static void draw(uint64_t ops, uint64_t seed)
{
    static uint64_t data[MAX_BYTES / 8];
    uint64_t start = fuzz_ops;

    while ( fuzz_ops - start < ops )
    {
        uint64_t state = seed++;
        size_t size = MAX_BYTES >> next_random(&state) % 5;

        for ( size_t i = 0; i < size / 8; i++ )
            data[i] = next_random(&state);
        run((const uint8_t *)data, size);
    }
}

int main(int argc, char **argv)
{
    uint64_t ops = 0, seed = 1;
    struct timespec a, b;
    double s;

    signal(SIGALRM, watchdog);
    alarm(limit_seconds(WAIT_LIMIT));
    clock_gettime(CLOCK_MONOTONIC, &a);
    for ( int i = 1; i < argc; i++ )
        if ( !strcmp(argv[i], "--ops") && i + 1 < argc )
            ops = strtoull(argv[++i], NULL, 0);
        else if ( !strcmp(argv[i], "--seed") && i + 1 < argc )
            seed = strtoull(argv[++i], NULL, 0);
        else if ( !strcmp(argv[i], "--save") && i + 1 < argc )
            save_path = argv[++i];
        else if ( !strcmp(argv[i], "--draw") && i + 2 < argc )
        {
            draw_files(argv[i + 1], (unsigned int)atoi(argv[i + 2]));
            return 0;
        }
        else
            replay(argv[i]);
    if ( ops )
        draw(ops, seed);
    clock_gettime(CLOCK_MONOTONIC, &b);
    s = (double)(b.tv_sec - a.tv_sec) + (double)(b.tv_nsec - a.tv_nsec) / 1e9;
    printf("%s: %lu inputs, %lu operations, %.1f s, %.0f a second\n", argv[0],
           nr_inputs, fuzz_ops, s, (double)fuzz_ops / s);
    return fuzz_ops ? 0 : 1;
}
