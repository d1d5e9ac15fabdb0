// The extension module qamctl.kernels._schedule: the C++ kernels under the interface of reference.py.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "crews.hpp"

namespace nb = nanobind;
using namespace qamctl;

namespace {

template <class T>
using Array = nb::ndarray<const T, nb::c_contig, nb::device::cpu>;

// Reads the fields of a qamctl.kernels.schedule.problem.ScheduleProblem and keeps their arrays alive.
class Reader {
  public:
    explicit Reader(nb::handle problem) : problem_(problem) {}

    template <class T>
    Span<T> array(const char* name) {
        nb::object owner = problem_.attr(name);
        Array<T> view;
        if (!nb::try_cast<Array<T>>(owner, view, false))
            throw std::invalid_argument(std::string("the problem's ") + name + " has the wrong type of array");
        owners_.push_back(std::move(owner));
        return {view.data(), static_cast<i64>(view.size())};
    }
    Table table(const std::string& name) {
        return {array<i64>((name + "_first").c_str()), array<i32>((name + "_column").c_str()),
                array<i64>((name + "_amount").c_str())};
    }
    Arcs arcs(const std::string& name) {
        return {array<i64>((name + "_first").c_str()), array<i32>((name + "_task").c_str()),
                array<std::int8_t>((name + "_kind").c_str()), array<i64>((name + "_lag").c_str())};
    }
    template <class T>
    T number(const char* name) {
        return nb::cast<T>(problem_.attr(name));
    }
    std::vector<nb::object> owners() { return std::move(owners_); }

  private:
    nb::handle problem_;
    std::vector<nb::object> owners_;
};

Problem read(Reader& in) {
    Problem p{};
    p.release = in.array<i64>("release");
    p.tasks = p.release.size;
    p.deadline = in.array<i64>("deadline");
    p.due = in.array<i64>("due");
    p.weight = in.array<double>("weight");
    p.pinned = in.array<i64>("pinned");
    p.tail = in.array<i64>("tail");
    p.first_option = in.array<i64>("first_option");
    p.option_holder = in.array<i32>("option_holder");
    p.option_need = in.array<i32>("option_need");
    p.option_duration = in.array<i64>("option_duration");
    p.option_cost = in.array<double>("option_cost");
    p.option_reasoning = in.array<double>("option_reasoning");
    p.option_floor = in.array<i64>("option_floor");
    p.start_first = in.array<i64>("start_first");
    p.start_since = in.array<i64>("start_since");
    p.start_price = in.array<double>("start_price");
    p.own = in.table("own");
    p.shared = in.table("shared");
    p.stock_use = in.table("stock_use");
    p.least = in.table("least");
    p.capacity = in.array<i64>("capacity");
    p.fixed_cost = in.array<double>("fixed_cost");
    p.holders = p.fixed_cost.size;
    p.columns = p.capacity.size / p.holders;
    p.stock = in.array<i64>("stock");
    p.stock_weight = in.array<double>("stock_weight");
    p.before = in.arcs("before");
    p.after = in.arcs("after");
    p.rank = in.array<i32>("rank");
    p.levels = in.array<double>("levels");
    p.level_count = p.levels.size / kTerms;
    p.bounds = in.array<double>("bounds");
    p.keys = in.array<double>("keys");
    p.choices = in.array<i64>("choices");
    p.draw_first = in.array<i64>("draw_first");
    p.draw = in.array<i64>("draw");
    p.seeds = p.tasks > 0 ? p.keys.size / p.tasks : 1;
    p.surprise = in.array<double>("surprise");
    p.cooling = in.array<double>("cooling");
    p.unit = in.number<double>("unit");
    p.cheapest_first = in.number<bool>("cheapest_first");
    return p;
}

CrewTables read_crews(Reader& in) {
    CrewTables c{};
    c.option_out = in.array<std::int8_t>("option_out");
    c.take_first = in.array<i64>("take_first");
    c.take_holder = in.array<i32>("take_holder");
    c.take_column = in.array<i32>("take_column");
    c.take_amount = in.array<i64>("take_amount");
    c.crew_first = in.array<i64>("crew_first");
    c.crew_holder = in.array<i32>("crew_holder");
    c.crew_number = in.array<i32>("crew_number");
    c.option_pause = in.array<i64>("option_pause");
    c.gap_first = in.array<i64>("gap_first");
    c.gap_start = in.array<i64>("gap_start");
    c.gap_end = in.array<i64>("gap_end");
    c.away_first = in.array<i64>("away_first");
    c.away_start = in.array<i64>("away_start");
    c.away_end = in.array<i64>("away_end");
    c.step_first = in.array<i64>("step_first");
    c.step_since = in.array<i64>("step_since");
    c.step_free = in.array<i64>("step_free");
    c.gang = in.array<i32>("gang");
    c.gang_first = in.array<i64>("gang_first");
    c.gang_task = in.array<i32>("gang_task");
    c.arc_first = in.array<i64>("arc_first");
    c.arc_task = in.array<i32>("arc_task");
    c.arc_kind = in.array<std::int8_t>("arc_kind");
    c.arc_lag = in.array<i64>("arc_lag");
    c.arc_data = in.array<i32>("arc_data");
    c.delay = in.array<i64>("delay");
    c.classes = in.number<i64>("classes");
    c.link_first = in.array<i64>("link_first");
    c.link_other = in.array<i32>("link_other");
    c.link_class = in.array<i32>("link_class");
    c.rule_kind = in.array<std::int8_t>("rule_kind");
    c.rule_key = in.array<i32>("rule_key");
    c.rule_skew = in.array<i64>("rule_skew");
    c.rule_values = in.array<i64>("rule_values");
    c.rule_first = in.array<i64>("rule_first");
    c.rule_task = in.array<i32>("rule_task");
    c.own_rule_first = in.array<i64>("own_rule_first");
    c.own_rule = in.array<i32>("own_rule");
    c.most_crew = in.array<i64>("most_crew");
    c.value = in.array<i32>("value");
    c.family = in.array<i32>("family");
    c.setup_of = in.array<i32>("setup_of");
    c.setup_time = in.array<i64>("setup_time");
    c.families = in.number<i64>("families");
    c.append = in.number<bool>("append");
    c.reward = in.array<double>("reward");
    c.earlier = in.array<i64>("earlier");
    c.moved = in.array<double>("moved");
    c.same = in.array<std::int8_t>("same");
    c.agents = in.number<i64>("agents");
    c.price = in.number<double>("price");
    return c;
}

template <class T>
nb::object array_of(const std::vector<T>& values) {
    auto* copy = new T[std::max<std::size_t>(1, values.size())];
    std::copy(values.begin(), values.end(), copy);
    nb::capsule owner(copy, [](void* data) noexcept { delete[] static_cast<T*>(data); });
    return nb::cast(nb::ndarray<nb::numpy, T, nb::ndim<1>>(copy, {values.size()}, owner));
}

class Guard {  // one caller at a time
  public:
    explicit Guard(std::atomic_flag& flag) : flag_(flag) {
        if (flag_.test_and_set()) throw std::runtime_error("this ScheduleSearch is already running in another thread");
    }
    ~Guard() { flag_.clear(); }
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;

  private:
    std::atomic_flag& flag_;
};

class Search {
  public:
    Search(nb::object problem, u64 seed) {
        Reader in(problem);
        const Problem plain = read(in);
        owners_ = in.owners();
        nb::object crews = problem.attr("crews");
        if (crews.is_none()) {
            search_ = std::make_unique<ScheduleSearch>(plain, nullptr, seed);
            return;
        }
        Reader more(crews);
        const CrewTables tables = read_crews(more);
        search_ = std::make_unique<ScheduleSearch>(plain, &tables, seed);
        for (nb::object& owner : more.owners()) owners_.push_back(std::move(owner));
    }
    i64 run(i64 steps, double seconds) {
        Guard guard(busy_);
        nb::gil_scoped_release free;
        return search_->run(steps, seconds);
    }
    template <class F>
    auto get(F&& f) {
        Guard guard(busy_);
        return f(*search_);
    }

  private:
    std::vector<nb::object> owners_;
    std::unique_ptr<ScheduleSearch> search_;
    std::atomic_flag busy_ = ATOMIC_FLAG_INIT;
};

}  // namespace

NB_MODULE(_schedule, m) {
    m.attr("compiler") = __VERSION__;
    nb::class_<Search>(m, "ScheduleSearch")
        .def(nb::init<nb::object, u64>(), nb::arg("problem"), nb::arg("seed"))
        .def("run", &Search::run, nb::arg("steps"), nb::arg("seconds"))
        .def("plan", [](Search& s, i64 steps) { s.get([&](auto& k) { k.plan(steps); return 0; }); }, nb::arg("steps"))
        .def_prop_ro("steps", [](Search& s) { return s.get([](auto& k) { return k.steps(); }); })
        .def_prop_ro("cycles", [](Search& s) { return s.get([](auto& k) { return k.cycles(); }); })
        .def_prop_ro("done", [](Search& s) { return s.get([](auto& k) { return k.done(); }); })
        .def_prop_ro("best_value", [](Search& s) { return s.get([](auto& k) { return array_of(k.best().value); }); })
        .def_prop_ro("best_start", [](Search& s) { return s.get([](auto& k) { return array_of(k.best().start); }); })
        .def_prop_ro("best_option", [](Search& s) { return s.get([](auto& k) { return array_of(k.best().option); }); })
        .def_prop_ro("value", [](Search& s) { return s.get([](auto& k) { return array_of(k.current().value); }); })
        .def_prop_ro("order", [](Search& s) { return s.get([](auto& k) { return array_of(k.current().order); }); })
        .def_prop_ro("choice", [](Search& s) { return s.get([](auto& k) { return array_of(k.current().choice); }); });
}
