/* SPDX-License-Identifier: MIT */
/* press-key KEYS: presses debug keys, prints what the hypervisor says to it. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <xenctrl.h>

/* Its messages from *index on; false: they cannot be read. */
static bool messages(xc_interface *xch, uint32_t *index, bool show)
{
    static char text[16384];
    unsigned int n;

    do
    {
        n = sizeof(text);
        if ( xc_readconsolering(xch, text, &n, 0, 1, index) )
            return false;
        if ( show )
            fwrite(text, 1, n, stdout);
    } while ( n );
    return true;
}

int main(int argc, char **argv)
{
    xc_interface *xch = xc_interface_open(NULL, NULL, 0);
    uint32_t index = 0;

    if ( argc != 2 || !xch || !messages(xch, &index, false) ||
         xc_send_debug_keys(xch, argv[1]) || !messages(xch, &index, true) )
    {
        perror("press-key");
        return 1;
    }
    return xc_interface_close(xch) != 0;
}
