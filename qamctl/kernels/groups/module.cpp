// The extension module qamctl.kernels._groups: the C++ kernel under the interface of reference.py.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "groups.hpp"

namespace nb = nanobind;
using namespace qamctl;

namespace {

template <class T>
using Array = nb::ndarray<const T, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

// Reads the fields of a qamctl.kernels.groups.problem.GroupProblem and keeps their arrays alive.
class Reader {
  public:
    explicit Reader(nb::handle problem) : problem_(problem) {}
    template <class T>
    Span<T> array(const char* name) {
        nb::object owner = problem_.attr(name);
        Array<T> view;
        if (!nb::try_cast<Array<T>>(owner, view, false))
            throw std::invalid_argument(std::string("GroupProblem.") + name + " has the wrong type of array");
        owners_.push_back(std::move(owner));
        return {view.data(), static_cast<i64>(view.size())};
    }
    i64 number(const char* name) { return nb::cast<i64>(problem_.attr(name)); }
    std::vector<nb::object> owners() { return std::move(owners_); }

  private:
    nb::handle problem_;
    std::vector<nb::object> owners_;
};

Problem read(Reader& in) {
    Problem p{};
    p.block_first = in.array<i64>("block_first");
    p.blocks = p.block_first.size - 1;
    p.linear = in.array<double>("linear");
    p.variables = p.linear.size;
    p.first = in.array<i64>("first");
    p.other = in.array<i32>("other");
    p.weight = in.array<double>("weight");
    p.entry_first = in.array<i64>("entry_first");
    p.entry_row = in.array<i32>("entry_row");
    p.entry_coef = in.array<i64>("entry_coef");
    p.row_first = in.array<i64>("row_first");
    p.row_variable = in.array<i32>("row_variable");
    p.row_coef = in.array<i64>("row_coef");
    p.low = in.array<i64>("low");
    p.high = in.array<i64>("high");
    p.rows = p.low.size;
    p.place = in.array<i32>("place");
    p.places = in.number("places");
    p.surprise = in.array<double>("surprise");
    return p;
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
        if (flag_.test_and_set()) throw std::runtime_error("this GroupSearch is already running in another thread");
    }
    ~Guard() { flag_.clear(); }
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;

  private:
    std::atomic_flag& flag_;
};

// The arguments of `start` and `set_candidates` are indices that the kernel uses unchecked.
void check_choice(const Problem& p, const i32* choice, i64 size) {
    if (size != p.blocks) throw std::invalid_argument("a choice has one member for each block");
    for (i64 b = 0; b < p.blocks; ++b)
        if (choice[b] < p.block_first[b] || choice[b] >= p.block_first[b + 1])
            throw std::invalid_argument("a choice names a variable of another block");
}

void check_candidates(const Problem& p, const std::vector<i64>& first, const std::vector<i32>& member) {
    bool right = static_cast<i64>(first.size()) == p.blocks + 1 && first[0] == 0 &&
                 first[p.blocks] == static_cast<i64>(member.size());
    for (i64 b = 0; right && b < p.blocks; ++b) {
        right = first[b] < first[b + 1];
        for (i64 e = first[b]; right && e < first[b + 1]; ++e)
            right = member[e] >= p.block_first[b] && member[e] < p.block_first[b + 1];
    }
    if (!right) throw std::invalid_argument("every block has candidates, all of them its own members");
}

template <class T>
std::vector<T> vector_of(const Array<T>& array) {
    return {array.data(), array.data() + array.size()};
}

class Search {
  public:
    Search(nb::object problem, u64 seed) {
        Reader in(problem);
        search_ = std::make_unique<GroupSearch>(read(in), seed);
        owners_ = in.owners();
    }
    i64 run(i64 sweeps, double seconds) {
        Guard guard(busy_);
        nb::gil_scoped_release free;
        return search_->run(sweeps, seconds);
    }
    void start(Array<i32> choice) {
        Guard guard(busy_);
        check_choice(search_->problem(), choice.data(), static_cast<i64>(choice.size()));
        search_->start(choice.data());
    }
    void plan(Array<double> temperatures, double objective, double raise, double lower) {
        Guard guard(busy_);
        if (temperatures.size() == 0) throw std::invalid_argument("a plan has a temperature");
        search_->plan({vector_of(temperatures), objective, raise, lower});
    }
    void set_candidates(Array<i64> first, Array<i32> member) {
        Guard guard(busy_);
        auto firsts = vector_of(first);
        auto members = vector_of(member);
        check_candidates(search_->problem(), firsts, members);
        search_->set_candidates(std::move(firsts), std::move(members));
    }
    void set_weights(Array<double> weights) {
        Guard guard(busy_);
        if (static_cast<i64>(weights.size()) != search_->problem().rows)
            throw std::invalid_argument("every row has a weight");
        search_->set_weights(vector_of(weights));
    }
    template <class F>
    auto get(F&& f) {
        Guard guard(busy_);
        return f(*search_);
    }

  private:
    std::vector<nb::object> owners_;
    std::unique_ptr<GroupSearch> search_;
    std::atomic_flag busy_ = ATOMIC_FLAG_INIT;
};

}  // namespace

NB_MODULE(_groups, m) {
    m.attr("compiler") = __VERSION__;
    nb::class_<Search>(m, "GroupSearch")
        .def(nb::init<nb::object, u64>(), nb::arg("problem"), nb::arg("seed"))
        .def("run", &Search::run, nb::arg("sweeps"), nb::arg("seconds"))
        .def("start", &Search::start, nb::arg("choice"))
        .def("plan", &Search::plan, nb::arg("temperatures"), nb::arg("objective") = 1.0, nb::arg("raise_by") = 1.05,
             nb::arg("lower_by") = 0.96)
        .def("set_candidates", &Search::set_candidates, nb::arg("first"), nb::arg("member"))
        .def("set_weights", &Search::set_weights, nb::arg("weights"))
        .def_prop_ro("weights", [](Search& s) { return s.get([](auto& k) { return array_of(k.weights()); }); })
        .def_prop_ro("visits", [](Search& s) { return s.get([](auto& k) { return array_of(k.visits()); }); })
        .def_prop_ro("sweeps", [](Search& s) { return s.get([](auto& k) { return k.sweeps(); }); })
        .def_prop_ro("climbs", [](Search& s) { return s.get([](auto& k) { return k.climbs(); }); })
        .def_prop_ro("best_objective", [](Search& s) { return s.get([](auto& k) { return k.best().objective; }); })
        .def_prop_ro("best_violation", [](Search& s) { return s.get([](auto& k) { return k.best().violation; }); })
        .def_prop_ro("best_choice", [](Search& s) { return s.get([](auto& k) { return array_of(k.best().choice); }); })
        .def_prop_ro("objective", [](Search& s) { return s.get([](auto& k) { return k.current().objective; }); })
        .def_prop_ro("violation", [](Search& s) { return s.get([](auto& k) { return k.current().violation; }); })
        .def_prop_ro("choice", [](Search& s) { return s.get([](auto& k) { return array_of(k.current().choice); }); });
}
