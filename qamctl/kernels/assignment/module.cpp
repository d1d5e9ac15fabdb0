// The extension module qamctl.kernels._assignment: the C++ kernels under the interface of reference.py.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "assignment.hpp"
#include "check.hpp"

namespace nb = nanobind;
using namespace qamctl;

namespace {

template <class T>
using Array = nb::ndarray<const T, nb::c_contig, nb::device::cpu>;

const char* type_name(i64) { return "int64"; }
const char* type_name(i32) { return "int32"; }
const char* type_name(u8) { return "uint8"; }
const char* type_name(double) { return "float64"; }

// The array of an object, which is neither converted nor copied.
template <class T>
Array<T> view(nb::handle owner, std::size_t dimensions) {
    Array<T> found;
    if (nb::try_cast<Array<T>>(owner, found, false) && found.ndim() == dimensions) return found;
    return {};
}

template <class T>
std::string wanted(const std::string& name, std::size_t dimensions) {
    return name + " is no C-contiguous array of " + type_name(T{}) + " with " + std::to_string(dimensions) +
           (dimensions == 1 ? " dimension" : " dimensions");
}

// An argument of a method.
template <class T>
Array<T> argument(nb::handle owner, const char* name) {
    Array<T> found = view<T>(owner, 1);
    if (!found.is_valid()) throw nb::type_error(wanted<T>(name, 1).c_str());
    return found;
}

// Reads the fields of a qamctl.kernels.assignment.problem.AssignmentProblem and keeps their arrays alive.
class Reader {
  public:
    explicit Reader(nb::handle problem) : problem_(problem) {}
    template <class T>
    Span<T> array(const char* name) {
        return read<T>(name, 1, 0);
    }
    template <class T>
    Span<T> table(const char* name, i64 columns) {
        return read<T>(name, 2, columns);
    }
    template <class T>
    T number(const char* name) {
        T value{};
        if (!nb::try_cast<T>(problem_.attr(name), value))
            throw std::invalid_argument(std::string("AssignmentProblem.") + name + " is no number of its type");
        return value;
    }
    std::vector<nb::object> owners() { return std::move(owners_); }

  private:
    template <class T>
    Span<T> read(const char* field, std::size_t dimensions, i64 columns) {
        const std::string name = std::string("AssignmentProblem.") + field;
        nb::object owner = problem_.attr(field);
        const Array<T> found = view<T>(owner, dimensions);
        if (!found.is_valid()) throw std::invalid_argument(wanted<T>(name, dimensions));
        if (dimensions == 2) check_size(name, static_cast<i64>(found.shape(1)), columns, "columns");
        owners_.push_back(std::move(owner));
        return {found.data(), static_cast<i64>(found.size())};
    }

    nb::handle problem_;
    std::vector<nb::object> owners_;
};

Problem read(Reader& in) {
    Problem p{};
    p.n = in.number<i64>("n");
    p.k = in.number<i64>("k");
    p.groups = in.number<i64>("groups");
    p.places = in.number<i64>("places");
    p.target = in.number<i64>("target");
    p.most_moves = in.number<i64>("most_moves");
    p.elastic = in.number<bool>("elastic");
    p.per_agent = in.number<double>("per_agent");
    p.per_group = in.number<double>("per_group");
    p.per_pair = in.number<double>("per_pair");
    p.max_move_cost = in.number<double>("max_move_cost");
#define ARRAY(type, name) p.name = in.array<type>(#name)
#define TABLE(type, name, columns) p.name = in.table<type>(#name, columns)
    ARRAY(i64, over); ARRAY(i64, least); ARRAY(u8, transient); ARRAY(u8, rule_apart); ARRAY(u8, optional);
    ARRAY(i32, parent); ARRAY(i32, ratio_one); ARRAY(i32, ratio_other); ARRAY(i32, kind); ARRAY(i32, allowed_leaf);
    ARRAY(i32, link_to); ARRAY(i32, apart_to); ARRAY(i32, home_leaf); ARRAY(i32, home_group);
    ARRAY(double, load); ARRAY(double, ratio_value); ARRAY(double, ratio_weight); ARRAY(double, open_cost);
    ARRAY(double, link_weight); ARRAY(double, home_cost); ARRAY(double, pair_cost); ARRAY(double, cost_value);
    ARRAY(i64, allowed_first); ARRAY(i64, link_first); ARRAY(i64, apart_first); ARRAY(i64, home_first);
    ARRAY(i64, home_count); ARRAY(i64, cost_first); ARRAY(i64, member_first); ARRAY(i64, rule_least);
    ARRAY(i64, rule_skew); ARRAY(i64, values); ARRAY(i64, near_first); ARRAY(i32, cost_leaf); ARRAY(i32, cost_own);
    ARRAY(i32, member_rule); ARRAY(i32, member_count); ARRAY(i32, rule_value); ARRAY(i32, near_rule); ARRAY(i32, place);
    ARRAY(i32, piece_device); ARRAY(double, rule_weight); ARRAY(double, reward); ARRAY(i64, piece_first);
    ARRAY(i64, piece_size); ARRAY(i64, device_size); ARRAY(double, surprise); ARRAY(double, cooling); ARRAY(i64, mix);
    p.m = p.parent.size;
    p.r = p.over.size;
    TABLE(i64, demand, p.r); TABLE(i64, capacity, p.r); TABLE(i64, safe, p.r); TABLE(i64, home_demand, p.r);
    TABLE(i64, own_demand, p.r); TABLE(u8, allowed, p.k); TABLE(i32, value, p.k);
    TABLE(i64, device_count, p.device_size.size); TABLE(double, levels, kTerms);
#undef ARRAY
#undef TABLE
    check(p);
    return p;
}

// A search that one thread at a time may drive; the GIL is released meanwhile.
class Driven {
  public:
    Driven(nb::object problem, nb::object start, u64 seed) {
        Reader in(problem);
        const Problem p = read(in);
        const Array<i32> leaf = argument<i32>(start, "start");
        check_size("start", static_cast<i64>(leaf.size()), p.n);
        check_range("start", Span<i32>{leaf.data(), p.n}, 0, p.k + 1);
        owners_ = in.owners();
        levels_ = p.levels.size / kTerms;
        search_ = std::make_unique<AssignmentSearch>(p, leaf.data(), seed);
    }
    i64 run(i64 steps, double seconds) {
        if (busy_.exchange(true)) throw std::runtime_error("another thread is using this search");
        nb::gil_scoped_release release;
        struct Free {
            std::atomic<bool>& busy;
            ~Free() { busy = false; }
        } free{busy_};
        return search_->run(steps, seconds);
    }
    void focus(i64 level, nb::object bounds) {
        if (level < 0 || level >= levels_)
            throw std::invalid_argument("the objective has no level " + std::to_string(level) + ", only 0 .. " +
                                        std::to_string(levels_ - 1));
        const Array<double> before = argument<double>(bounds, "bounds");
        check_size("bounds", static_cast<i64>(before.size()), level);
        search().focus(level, before.data());
    }
    AssignmentSearch& search() {
        if (busy_) throw std::runtime_error("another thread is using this search");
        return *search_;
    }

  private:
    std::vector<nb::object> owners_;
    std::unique_ptr<AssignmentSearch> search_;
    std::atomic<bool> busy_{false};
    i64 levels_ = 0;
};

template <class T>
nb::ndarray<nb::numpy, T, nb::ndim<1>> numpy(const T* data, std::size_t size) {
    T* copy = new T[size > 0 ? size : 1];
    std::copy(data, data + size, copy);
    nb::capsule owner(copy, [](void* p) noexcept { delete[] static_cast<T*>(p); });
    return {copy, {size}, owner};
}

}  // namespace

NB_MODULE(_assignment, m) {
    m.attr("compiler") = __VERSION__;
    nb::class_<Driven>(m, "AssignmentSearch")
        .def(nb::init<nb::object, nb::object, u64>(), nb::arg("problem"), nb::arg("start"), nb::arg("seed"))
        .def("run", &Driven::run, nb::arg("steps"), nb::arg("seconds"))
        .def("plan", [](Driven& d, i64 steps) { d.search().plan(steps); }, nb::arg("steps"))
        .def("focus", &Driven::focus, nb::arg("level"), nb::arg("bounds"))
        .def_prop_ro("steps", [](Driven& d) { return d.search().steps(); })
        .def_prop_ro("cycles", [](Driven& d) { return d.search().cycles(); })
        .def_prop_ro("best", [](Driven& d) { auto& b = d.search().best(); return numpy(b.data(), b.size()); }, nb::rv_policy::move)
        .def_prop_ro("best_mask", [](Driven& d) { auto& b = d.search().best_mask(); return numpy(b.data(), b.size()); }, nb::rv_policy::move)
        .def_prop_ro("best_violation", [](Driven& d) { return d.search().best_violation(); })
        .def_prop_ro("best_term", [](Driven& d) { return numpy(d.search().best_term(), kTerms); }, nb::rv_policy::move)
        .def_prop_ro("leaf", [](Driven& d) { auto& x = d.search().state().x; return numpy(x.data(), x.size()); }, nb::rv_policy::move)
        .def_prop_ro("violation", [](Driven& d) { return d.search().state().violation; })
        .def_prop_ro("term", [](Driven& d) { return numpy(d.search().state().term, kTerms); }, nb::rv_policy::move);
}
