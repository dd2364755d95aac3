/* SPDX-License-Identifier: MIT */
/* event_channel_op(). */
#include <xen/event_channel.h>

#include "tables.h"

static const struct value names_evtchn_states[] = {
    IS(EVTCHNSTAT_closed),
    IS(EVTCHNSTAT_unbound),
    IS(EVTCHNSTAT_interdomain),
    IS(EVTCHNSTAT_pirq),
    IS(EVTCHNSTAT_virq),
    IS(EVTCHNSTAT_ipi),
    NO_MORE
};

#define T __typeof__(((struct evtchn_status *)0)->u)
static const struct field rows_evt_unbound[] = {
    V(OUT, DEC, unbound.dom),
    END
};
static const struct field rows_evt_interdomain[] = {
    V(OUT, DEC, interdomain.dom),
    V(OUT, DEC, interdomain.port),
    END
};
static const struct field rows_evt_pirq[] = {
    V(OUT, DEC, pirq),
    END
};
static const struct field rows_evt_virq[] = {
    N(OUT, virq, names_virqs),
    END
};
#undef T

static const struct value names_evtchn_details[] = {
    IS(EVTCHNSTAT_closed),
    HAS(EVTCHNSTAT_unbound, rows_evt_unbound),
    HAS(EVTCHNSTAT_interdomain, rows_evt_interdomain),
    HAS(EVTCHNSTAT_pirq, rows_evt_pirq),
    HAS(EVTCHNSTAT_virq, rows_evt_virq),
    IS(EVTCHNSTAT_ipi),
    NO_MORE
};

#define T struct evtchn_status
static const struct field rows_evt_status[] = {
    N(IN, dom, names_domids),
    V(IN, DEC, port),
    N(OUT, status, names_evtchn_states),
    V(OUT, DEC, vcpu),
    C(u, status, names_evtchn_details),
    END
};
#undef T

#define T struct evtchn_bind_interdomain
static const struct field rows_evt_bind_interdomain[] = {
    N(IN, remote_dom, names_domids),
    V(IN, DEC, remote_port),
    V(OUT, DEC, local_port),
    END
};
#undef T

#define T struct evtchn_bind_virq
static const struct field rows_evt_bind_virq[] = {
    N(IN, virq, names_virqs),
    V(IN, DEC, vcpu),
    V(OUT, DEC, port),
    END
};
#undef T

#define T struct evtchn_bind_pirq
static const struct field rows_evt_bind_pirq[] = {
    V(IN, DEC, pirq),
    V(IN, HEX, flags),
    V(OUT, DEC, port),
    END
};
#undef T

#define T struct evtchn_close
static const struct field rows_evt_close[] = {
    V(IN, DEC, port),
    END
};
#undef T

#define T struct evtchn_send
static const struct field rows_evt_send[] = {
    V(IN, DEC, port),
    END
};
#undef T

#define T struct evtchn_alloc_unbound
static const struct field rows_evt_alloc_unbound[] = {
    N(IN, dom, names_domids),
    N(IN, remote_dom, names_domids),
    V(OUT, DEC, port),
    END
};
#undef T

#define T struct evtchn_bind_ipi
static const struct field rows_evt_bind_ipi[] = {
    V(IN, DEC, vcpu),
    V(OUT, DEC, port),
    END
};
#undef T

#define T struct evtchn_bind_vcpu
static const struct field rows_evt_bind_vcpu[] = {
    V(IN, DEC, port),
    V(IN, DEC, vcpu),
    END
};
#undef T

#define T struct evtchn_unmask
static const struct field rows_evt_unmask[] = {
    V(IN, DEC, port),
    END
};
#undef T

#define T struct evtchn_reset
static const struct field rows_evt_reset[] = {
    N(IN, dom, names_domids),
    END
};
#undef T

#define T struct evtchn_init_control
static const struct field rows_evt_init_control[] = {
    V(IN, HEX, control_gfn),
    V(IN, HEX, offset),
    V(IN, DEC, vcpu),
    V(OUT, DEC, link_bits),
    PAD(_pad),
    END
};
#undef T

#define T struct evtchn_expand_array
static const struct field rows_evt_expand_array[] = {
    V(IN, HEX, array_gfn),
    END
};
#undef T

#define T struct evtchn_set_priority
static const struct field rows_evt_set_priority[] = {
    V(IN, DEC, port),
    V(IN, DEC, priority),
    END
};
#undef T

const struct value names_evtchn_ops[] = {
    HAS(EVTCHNOP_bind_interdomain, rows_evt_bind_interdomain),
    HAS(EVTCHNOP_bind_virq, rows_evt_bind_virq),
    HAS(EVTCHNOP_bind_pirq, rows_evt_bind_pirq),
    HAS(EVTCHNOP_close, rows_evt_close),
    HAS(EVTCHNOP_send, rows_evt_send),
    HAS(EVTCHNOP_status, rows_evt_status),
    HAS(EVTCHNOP_alloc_unbound, rows_evt_alloc_unbound),
    HAS(EVTCHNOP_bind_ipi, rows_evt_bind_ipi),
    HAS(EVTCHNOP_bind_vcpu, rows_evt_bind_vcpu),
    HAS(EVTCHNOP_unmask, rows_evt_unmask),
    HAS(EVTCHNOP_reset, rows_evt_reset),
    HAS(EVTCHNOP_init_control, rows_evt_init_control),
    HAS(EVTCHNOP_expand_array, rows_evt_expand_array),
    HAS(EVTCHNOP_set_priority, rows_evt_set_priority),
    NO_MORE
};
