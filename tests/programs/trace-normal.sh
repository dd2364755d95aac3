# SPDX-License-Identifier: MIT
#
# For the scripts beside it to source: traces that can be compared.

# What differs from run to run, or from machine to machine.
normal() {
    sed -E -e 's/^[0-9]+ /PID /' -e 's/0x[0-9a-f]{11,12}\b/ADDR/g' \
        -e 's/\b[0-9]+</FD</g' -e '/^PID open/s/= [0-9]+/= FD/' \
        -e 's/ <[0-9]+\.[0-9]{6}>$/ <T>/' -e 's/cpu_khz=[0-9]+/cpu_khz=N/' \
        -e 's/(total|free)_pages=[0-9]+/\1_pages=N/g' \
        -e 's/hw_cap=\[[^]]*\]/hw_cap=[...]/' -e 's/max_mfn=[0-9a-fx]+/max_mfn=N/'
}
# Of a normal trace of test-resource: its PVH domain, whatever number it has, and
# without buffers, of which libxencall keeps some from one test to the next.
pvh_part() {
    awk '/createdomain.*CDF_hvm/ { on = 1 } on && !/mmap.*xen\/hypercall/' |
        sed -E 's/\b(dom|domid|domain)=[1-9]\b/\1=N/g'
}
