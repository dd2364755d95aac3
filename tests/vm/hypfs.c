/* SPDX-License-Identifier: MIT */
/* hypfs PATH: prints what hypfs has there. */
#include <stdio.h>
#include <stdlib.h>

#include <xenhypfs.h>

int main(int argc, char **argv)
{
    xenhypfs_handle *fs = xenhypfs_open(NULL, 0);
    char *text = argc == 2 && fs ? xenhypfs_read(fs, argv[1]) : NULL;

    if ( !text )
    {
        perror("hypfs");
        return 1;
    }
    printf("%s\n", text);
    free(text);
    return xenhypfs_close(fs) != 0;
}
