// A schedule of a shop as a graph: longest paths both ways. shop.py is the specification.
#include "critical.hpp"

namespace qamctl {

Shop::Shop(const Problem& problem)
    : p(problem), n(problem.n()), task(n), choice(n, 0), line(problem.machines), place(n, 0), arcs_before_(n) {
    queue.reserve(n);
    for (i64 t = 0; t < n; ++t) arcs_before_[t] = static_cast<i32>(p.before.first[t + 1] - p.before.first[t]);
}

void Shop::begin(const i32* order, const i64* chosen) {
    for (auto& tasks : line) tasks.clear();
    for (i64 k = 0; k < n; ++k) {
        const i32 t = order[k];
        const i64 option = choice[t] = chosen[t];
        task[t] = Task{};
        task[t].machine = p.option_machine[option];
        task[t].length = p.option_duration[option];
        task[t].prev = task[t].next = -1;
        if (task[t].machine < 0) continue;
        std::vector<i32>& tasks = line[task[t].machine];
        if (!tasks.empty()) link(tasks.back(), t);
        tasks.push_back(t);
    }
    sweep();
}

// The first option of a task on a machine; -1 where it has none there.
i64 Shop::option_on(i32 t, i32 machine) const {
    for (i64 o = p.first_option[t]; o < p.first_option[t + 1]; ++o)
        if (p.option_machine[o] == machine) return o;
    return -1;
}

void Shop::insert(i32 t, i64 option, i32 after) {
    Task& mine = task[t];
    if (mine.machine >= 0) {
        link(mine.prev, mine.next);
        std::vector<i32>& tasks = line[mine.machine];
        tasks.erase(std::find(tasks.begin(), tasks.end(), t));
    }
    choice[t] = option;
    mine.machine = p.option_machine[option];
    mine.length = p.option_duration[option];
    mine.prev = mine.next = -1;
    if (mine.machine < 0) return;
    std::vector<i32>& tasks = line[mine.machine];
    const auto at = after < 0 ? tasks.begin() : std::find(tasks.begin(), tasks.end(), after) + 1;
    const i32 behind = at == tasks.end() ? -1 : *at;
    tasks.insert(at, t);
    link(after, t);
    link(t, behind);
}

void Shop::link(i32 before, i32 behind) {
    if (before >= 0) task[before].next = behind;
    if (behind >= 0) task[behind].prev = before;
}

bool Shop::sweep() {
    queue.clear();
    for (i64 t = 0; t < n; ++t) {
        Task& mine = task[t];
        mine.missing = arcs_before_[t] + (mine.prev >= 0);
        mine.ready = p.release[t];
        if (mine.missing == 0) queue.push_back(static_cast<i32>(t));
    }
    for (std::size_t k = 0; k < queue.size(); ++k) {  // which grows meanwhile
        const i32 t = queue[k];
        Task& mine = task[t];
        place[t] = static_cast<i32>(k);
        mine.head = std::max(mine.ready, end(mine.prev));
        const i64 end = mine.head + mine.length;
        for (i64 e = p.after.first[t]; e < p.after.first[t + 1]; ++e) {
            Task& other = task[p.after.task[e]];
            other.ready = std::max(other.ready, end + p.after.lag[e]);
            if (--other.missing == 0) queue.push_back(p.after.task[e]);
        }
        if (mine.next >= 0 && --task[mine.next].missing == 0) queue.push_back(mine.next);
    }
    if (static_cast<i64>(queue.size()) < n) return false;
    span = 0;
    for (i64 k = n - 1; k >= 0; --k) {
        const i32 t = queue[k];
        Task& mine = task[t];
        i64 rest = 0;
        for (i64 e = p.after.first[t]; e < p.after.first[t + 1]; ++e)
            rest = std::max(rest, p.after.lag[e] + way(p.after.task[e]));
        mine.rest = rest;
        mine.tail = std::max(rest, way(mine.next));
        span = std::max(span, mine.head + mine.length + mine.tail);
    }
    return true;
}

}  // namespace qamctl
