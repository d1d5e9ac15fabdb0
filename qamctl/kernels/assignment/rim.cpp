// The rim: units that have links to other leaves. rim.py is the specification.
#include "assignment.hpp"

namespace qamctl {

void State::trace() {
    traced_ = true;
    out_.assign(p.n, 0);
    at_rim_.assign(p.n, -1);
    rim.clear();
    for (i64 u = 0; u < p.n; ++u)
        for (i64 e = p.link_first[u]; e < p.link_first[u + 1]; ++e) out(u, x[p.link_to[e]] != x[u]);
}

// Counts links of u to other leaves; the rim is where there are some.
void State::out(i64 u, i64 more) {
    if (more == 0) return;
    const i64 before = out_[u];
    out_[u] += more;
    if (before == 0) {
        at_rim_[u] = static_cast<i64>(rim.size());
        rim.push_back(static_cast<i32>(u));
    } else if (out_[u] == 0) {
        const i32 last = rim.back();
        rim[at_rim_[u]] = last;
        at_rim_[last] = at_rim_[u];
        at_rim_[u] = -1;
        rim.pop_back();
    }
}

}  // namespace qamctl
