/* SPDX-License-Identifier: MIT */
/* watchdog SECONDS: sets a watchdog of its own domain, which nobody sets again. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <xenctrl.h>

int main(int argc, char **argv)
{
    xc_interface *xch = xc_interface_open(NULL, NULL, 0);

    if ( argc != 2 || !xch ||
         xc_watchdog(xch, 0, (uint32_t)atoi(argv[1])) <= 0 )
    {
        perror("watchdog");
        return 1;
    }
    printf("set\n");
    fflush(stdout);
    for ( ;; )
        pause();
}
