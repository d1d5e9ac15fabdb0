// Packs variables into blocks without couplings inside, where the graph allows it: arrange.py says why.
#pragma once

#include "rows.hpp"

namespace qamctl {

// The slot of every variable; `order` is the order in which they choose the first block with room for them.
inline std::vector<i32> pack(i64 n, const i64* first, const i32* other, const i32* order) {
    std::vector<std::vector<i32>> member;
    std::vector<i32> block(n, -1), seen, open;
    for (i64 k = 0; k < n; ++k) {
        const i32 v = order[k];
        for (i64 e = first[v]; e < first[v + 1]; ++e)
            if (block[other[e]] >= 0) seen[block[other[e]]] = v;
        std::size_t at = 0;
        while (at < open.size() && seen[open[at]] == v) ++at;
        if (at == open.size()) {
            open.push_back(static_cast<i32>(member.size()));
            member.emplace_back();
            seen.push_back(-1);
        }
        const i32 b = block[v] = open[at];
        member[b].push_back(v);
        if (static_cast<i64>(member[b].size()) == kBlock) open.erase(open.begin() + at);
    }
    std::vector<i32> slot(n), rest;
    i64 next = 0;
    for (const auto& block_members : member) {
        if (static_cast<i64>(block_members.size()) * 2 < kBlock) {
            rest.insert(rest.end(), block_members.begin(), block_members.end());
            continue;
        }
        for (std::size_t k = 0; k < block_members.size(); ++k) slot[block_members[k]] = static_cast<i32>(next + k);
        next += kBlock;
    }
    for (std::size_t k = 0; k < rest.size(); ++k) slot[rest[k]] = static_cast<i32>(next + k);
    return slot;
}

}  // namespace qamctl
