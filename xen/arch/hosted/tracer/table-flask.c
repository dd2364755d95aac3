/* SPDX-License-Identifier: MIT */
/* xsm_op(), of Flask. */
#include <xen/xsm/flask_op.h>

#include "tables.h"

#define T struct xen_flask_load
static const struct field rows_flask_load[] = {
    B(IN, BYTES, buffer, size),
    V(IN, DEC, size),
    END
};
#undef T

#define T struct xen_flask_setenforce
static const struct field rows_flask_setenforce[] = {
    V(IN, DEC, enforcing),
    END
};
#undef T

#define T struct xen_flask_sid_context
static const struct field rows_flask_sid_context[] = {
    V(INOUT, DEC, sid),
    V(INOUT, DEC, size),
    B(INOUT, TEXT, context, size),
    END
};
#undef T

#define T struct xen_flask_access
static const struct field rows_flask_access[] = {
    V(IN, DEC, ssid),
    V(IN, DEC, tsid),
    V(IN, DEC, tclass),
    V(IN, DEC, req),
    V(OUT, DEC, allowed),
    V(OUT, DEC, audit_allow),
    V(OUT, DEC, audit_deny),
    V(OUT, DEC, seqno),
    END
};
#undef T

#define T struct xen_flask_transition
static const struct field rows_flask_transition[] = {
    V(IN, DEC, ssid),
    V(IN, DEC, tsid),
    V(IN, DEC, tclass),
    V(OUT, DEC, newsid),
    END
};
#undef T

#define T struct xen_flask_boolean
static const struct field rows_flask_boolean[] = {
    V(INOUT, INT, bool_id),
    V(OUT, DEC, enforcing),
    V(OUT, DEC, pending),
    V(IN, HEX, new_value),
    V(IN, DEC, commit),
    V(INOUT, DEC, size),
    B(INOUT, TEXT, name, size),
    END
};
#undef T

#define T struct xen_flask_setavc_threshold
static const struct field rows_flask_setavc_threshold[] = {
    V(IN, DEC, threshold),
    END
};
#undef T

#define T struct xen_flask_hash_stats
static const struct field rows_flask_hash_stats[] = {
    V(OUT, DEC, entries),
    V(OUT, DEC, buckets_used),
    V(OUT, DEC, buckets_total),
    V(OUT, DEC, max_chain_len),
    END
};
#undef T

#define T struct xen_flask_cache_stats
static const struct field rows_flask_cache_stats[] = {
    V(IN, DEC, cpu),
    V(OUT, DEC, lookups),
    V(OUT, DEC, hits),
    V(OUT, DEC, misses),
    V(OUT, DEC, allocations),
    V(OUT, DEC, reclaims),
    V(OUT, DEC, frees),
    END
};
#undef T

#define T struct xen_flask_ocontext
static const struct field rows_flask_ocontext[] = {
    V(IN, DEC, ocon),
    V(IN, DEC, sid),
    V(IN, HEX, low),
    V(IN, HEX, high),
    END
};
#undef T

#define T struct xen_flask_peersid
static const struct field rows_flask_peersid[] = {
    V(IN, DEC, evtchn),
    V(OUT, DEC, sid),
    END
};
#undef T

#define T struct xen_flask_relabel
static const struct field rows_flask_relabel[] = {
    V(IN, DEC, domid),
    V(IN, DEC, sid),
    END
};
#undef T

#define T struct xen_flask_devicetree_label
static const struct field rows_flask_devicetree_label[] = {
    V(IN, DEC, sid),
    V(IN, DEC, length),
    B(IN, TEXT, path, length),
    END
};
#undef T

const struct value flask_ops[] = {
    HAS(FLASK_LOAD, rows_flask_load),
    IS(FLASK_GETENFORCE),
    HAS(FLASK_SETENFORCE, rows_flask_setenforce),
    HAS(FLASK_CONTEXT_TO_SID, rows_flask_sid_context),
    HAS(FLASK_SID_TO_CONTEXT, rows_flask_sid_context),
    HAS(FLASK_ACCESS, rows_flask_access),
    HAS(FLASK_CREATE, rows_flask_transition),
    HAS(FLASK_RELABEL, rows_flask_transition),
    HAS(FLASK_USER, raw),
    IS(FLASK_POLICYVERS),
    HAS(FLASK_GETBOOL, rows_flask_boolean),
    HAS(FLASK_SETBOOL, rows_flask_boolean),
    IS(FLASK_COMMITBOOLS),
    IS(FLASK_MLS),
    IS(FLASK_DISABLE),
    IS(FLASK_GETAVC_THRESHOLD),
    HAS(FLASK_SETAVC_THRESHOLD, rows_flask_setavc_threshold),
    HAS(FLASK_AVC_HASHSTATS, rows_flask_hash_stats),
    HAS(FLASK_AVC_CACHESTATS, rows_flask_cache_stats),
    HAS(FLASK_MEMBER, rows_flask_transition),
    HAS(FLASK_ADD_OCONTEXT, rows_flask_ocontext),
    HAS(FLASK_DEL_OCONTEXT, rows_flask_ocontext),
    HAS(FLASK_GET_PEER_SID, rows_flask_peersid),
    HAS(FLASK_RELABEL_DOMAIN, rows_flask_relabel),
    HAS(FLASK_DEVICETREE_LABEL, rows_flask_devicetree_label),
    NO_MORE
};
