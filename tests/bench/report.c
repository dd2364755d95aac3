/* SPDX-License-Identifier: MIT */
/*
 * What was measured, for people: standard input (bench.h) as tables on the
 * terminal, as Markdown and as a picture.
 *
 *   report [MARKDOWN SVG] <RESULTS
 *
 * MARKDOWN keeps its own text: what is between its two marks is replaced.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "report.h"

#define BEGIN "<!-- figures -->\n"
#define END "<!-- end of figures -->\n"

struct line line[MAX_LINES];
unsigned int nr_lines;

/* ---- input ---- */

static struct line *same(const char *group, const char *label)
{
    for ( unsigned int i = 0; i < nr_lines; i++ )
        if ( line[i].kind == ROW && !strcmp(line[i].group, group) &&
             !strcmp(line[i].label, label) )
            return &line[i];
    return NULL;
}

static void add(enum kind kind, char *const *field)
{
    struct line *l = &line[nr_lines++];

    l->kind = kind;
    l->group = strdup(field[1]);
    l->label = strdup(field[2]);
    if ( kind == ROW )
    {
        l->median = atof(field[4]);
        l->min = atof(field[5]);
        l->max = atof(field[6]);
        l->samples = (unsigned int)atoi(field[7]);
    }
    else
    {
        l->ratio = atof(field[3]);
        l->target = atof(field[4]);
    }
}

static void read_results(void)
{
    char text[512], *field[8], *rest;
    struct line *l;

    while ( fgets(text, sizeof(text), stdin) && nr_lines < MAX_LINES )
    {
        unsigned int n = 0;

        text[strcspn(text, "\n")] = '\0';
        for ( rest = text; rest && n < 8; )
            field[n++] = strsep(&rest, "\t");
        if ( n == 8 && !strcmp(field[0], "row") )
            add(ROW, field);
        else if ( n == 5 && !strcmp(field[0], "ratio") )
            add(RATIO, field);
        else if ( n == 4 && !strcmp(field[0], "instructions") &&
                  (l = same(field[1], field[2])) )
            l->instructions = atof(field[3]);
    }
}

/* ---- words ---- */

const char *time_text(double ns, char *buf)
{
    if ( ns < 10 )
        sprintf(buf, "%.1f ns", ns);
    else if ( ns < 1000 )
        sprintf(buf, "%.0f ns", ns);
    else if ( ns < 1e6 )
        sprintf(buf, ns < 1e4 ? "%.2f us" : "%.1f us", ns / 1e3);
    else
        sprintf(buf, "%.2f ms", ns / 1e6);
    return buf;
}

const char *verdict(const struct line *l)
{
    return l->target <= 0 ? "" : l->ratio <= l->target ? "OK" : "MISS";
}

static const char *ratio_text(const struct line *l, char *buf)
{
    if ( l->target > 0 )
        sprintf(buf, "%.2fx, at most %.4gx: %s", l->ratio, l->target,
                verdict(l));
    else
        sprintf(buf, "%.2fx", l->ratio);
    return buf;
}

static const char *count_text(const struct line *l, char *buf)
{
    if ( l->instructions > 0 )
        sprintf(buf, "%.0f", l->instructions);
    else
        *buf = '\0';
    return buf;
}

static bool new_group(unsigned int i)
{
    return !i || strcmp(line[i].group, line[i - 1].group);
}

/* ---- the terminal ---- */

static void print_terminal(void)
{
    char a[32], b[32], c[32], d[32], text[64];

    printf("%-42s %10s %10s %10s %8s %8s\n", "", "median", "min", "max",
           "samples", "instr.");
    for ( unsigned int i = 0; i < nr_lines; i++ )
    {
        const struct line *l = &line[i];

        if ( new_group(i) )
            printf("%s\n", l->group);
        if ( l->kind == ROW )
            printf("  %-40s %10s %10s %10s %8u %8s\n", l->label,
                   time_text(l->median, a), time_text(l->min, b),
                   time_text(l->max, c), l->samples, count_text(l, d));
        else
            printf("  %-40s %s\n", l->label, ratio_text(l, text));
    }
}

/* ---- Markdown ---- */

static void processor(char *name, size_t len)
{
    FILE *f = fopen("/proc/cpuinfo", "r");
    char text[256];

    snprintf(name, len, "unknown processor");
    while ( f && fgets(text, sizeof(text), f) )
        if ( !strncmp(text, "model name", 10) && strchr(text, ':') )
        {
            text[strcspn(text, "\n")] = '\0';
            snprintf(name, len, "%s", strchr(text, ':') + 2);
            break;
        }
    if ( f )
        fclose(f);
}

static void figures(FILE *f)
{
    char a[32], b[32], c[32], d[32], text[128];

    processor(text, sizeof(text));
    fprintf(f, "Measured on: %s, %ld processors.\n", text,
            sysconf(_SC_NPROCESSORS_ONLN));
    for ( unsigned int i = 0; i < nr_lines; i++ )
    {
        const struct line *l = &line[i];

        if ( new_group(i) )
            fprintf(f, "\n### %c%s\n\n"
                    "| | median | min | max | samples | instructions |\n"
                    "|---|---:|---:|---:|---:|---:|\n",
                    l->group[0] & ~0x20, l->group + 1);
        if ( l->kind == ROW )
            fprintf(f, "| %s | %s | %s | %s | %u | %s |\n", l->label,
                    time_text(l->median, a), time_text(l->min, b),
                    time_text(l->max, c), l->samples, count_text(l, d));
        else
            fprintf(f, "| **%s** | **%s** | | | | |\n", l->label,
                    ratio_text(l, text));
    }
}

static char *read_file(const char *path)
{
    FILE *f = fopen(path, "r");
    char *text = calloc(1, 1 << 20);

    if ( !f || !text || !fread(text, 1, (1 << 20) - 1, f) )
    {
        fprintf(stderr, "report: cannot read %s\n", path);
        exit(1);
    }
    fclose(f);
    return text;
}

static void write_markdown(const char *path)
{
    char *old = read_file(path);
    char *begin = strstr(old, BEGIN), *end = strstr(old, END);
    FILE *f;

    if ( !begin || !end || end < begin || !(f = fopen(path, "w")) )
    {
        fprintf(stderr, "report: %s: no marks, or cannot be written\n", path);
        exit(1);
    }
    fwrite(old, 1, (size_t)(begin - old) + strlen(BEGIN), f);
    figures(f);
    fputs(end, f);
    if ( fclose(f) )
        exit(1);
    free(old);
}

int main(int argc, char **argv)
{
    read_results();
    if ( !nr_lines )
    {
        fprintf(stderr, "report: no results\n");
        return 1;
    }
    print_terminal();
    if ( argc == 3 )
    {
        write_markdown(argv[1]);
        write_svg(argv[2]);
    }
    return 0;
}
