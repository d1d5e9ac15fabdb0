// The extension module qamctl.kernels._tabu: the C++ kernels under the interface of reference.py.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/unique_ptr.h>

#include <atomic>
#include <cmath>
#include <memory>
#include <numeric>
#include <stdexcept>

#include "tabu.hpp"

namespace nb = nanobind;
using namespace qamctl;

namespace {

template <class T>
using Array = nb::ndarray<const T, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

// What all couplings are whole multiples of.
i32 common(const Couplings<i32>& model) {
    i32 unit = 0;
    for (i64 q = 0; q < model.first[model.n] && unit != 1; ++q)
        if (unit == 0 || model.weight[q] % unit != 0) unit = std::gcd(unit, model.weight[q]);
    return unit;
}

// The narrowest numbers in which no sum of the model overflows: narrow numbers are fast ones.
std::unique_ptr<Search> make(Couplings<i32> model, bool dense, const Plan& plan, u64 seed) {
    if (!dense) return std::make_unique<Tabu<i32, i32, i32, false>>(model, plan, seed);
    i64 reach = 0, largest = 0;
    for (i64 i = 0; i < model.n; ++i) {
        i64 low = model.linear[i], high = low;
        for (i64 q = model.first[i]; q < model.first[i + 1]; ++q) {
            const i64 w = model.weight[q];
            (w < 0 ? low : high) += w;
            largest = std::max(largest, std::abs(w));
        }
        reach = std::max({reach, -low, high});
    }
    model.unit = largest <= 127 ? 1 : common(model);
    if (largest <= 32767 && largest / model.unit <= 127) {
        if (reach < 32767) return std::make_unique<Tabu<i8, i16, i16, true>>(model, plan, seed);
        return std::make_unique<Tabu<i8, i32, i16, true>>(model, plan, seed);
    }
    model.unit = 1;
    if (largest <= 32767) return std::make_unique<Tabu<i16, i32, i16, true>>(model, plan, seed);
    return std::make_unique<Tabu<i32, i32, i32, true>>(model, plan, seed);
}
std::unique_ptr<Search> make(const Couplings<double>& model, bool dense, const Plan& plan, u64 seed) {
    if (dense) return std::make_unique<Tabu<double, double, double, true>>(model, plan, seed);
    return std::make_unique<Tabu<double, double, double, false>>(model, plan, seed);
}

class Guard {  // one caller at a time
  public:
    explicit Guard(std::atomic_flag& flag) : flag_(flag) {
        if (flag_.test_and_set()) throw std::runtime_error("this TabuSearch is already running in another thread");
    }
    ~Guard() { flag_.clear(); }
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;

  private:
    std::atomic_flag& flag_;
};

// Keeps the arrays of a qamctl.kernels.couplings.Couplings alive.
class TabuSearch {
  public:
    TabuSearch(nb::object model, bool dense, i64 tenure, i64 spread, double tolerance, u64 seed)
        : first_(nb::cast<Array<i64>>(model.attr("first"))), other_(nb::cast<Array<i32>>(model.attr("other"))),
          linear_(model.attr("linear")), weight_(model.attr("weight")), n_(nb::cast<i64>(model.attr("n"))) {
        Plan plan;
        plan.tenure = tenure;
        plan.spread = spread;
        plan.tolerance = tolerance;
        if (Array<i32> ints; nb::try_cast(linear_, ints, false))
            search_ = make(couplings<i32>(), dense, plan, seed);
        else
            search_ = make(couplings<double>(), dense, plan, seed);
    }
    template <class F>
    auto with(F&& f) {
        Guard guard(busy_);
        return f(*search_);
    }
    template <class F>
    auto freely(F&& f) {  // other threads of Python may run meanwhile
        Guard guard(busy_);
        nb::gil_scoped_release free;
        return f(*search_);
    }
    const std::uint8_t* checked(const Array<std::uint8_t>& sample) const {
        if (static_cast<i64>(sample.size()) != n_) throw std::invalid_argument("the sample is of another model");
        return sample.data();
    }
    nb::object sample(bool best) {
        auto* copy = new std::uint8_t[static_cast<std::size_t>(n_) + 1];
        nb::capsule owner(copy, [](void* data) noexcept { delete[] static_cast<std::uint8_t*>(data); });
        with([&](Search& s) { return s.sample(copy, best), 0; });
        return nb::cast(nb::ndarray<nb::numpy, std::uint8_t, nb::ndim<1>>(copy, {static_cast<std::size_t>(n_)}, owner));
    }
    void adapt(i64 shortest, i64 strong, Array<double> directed) {
        directed_ = directed;
        with([&](Search& s) {
            s.adapt = {shortest, strong, static_cast<i64>(directed.size()) - 1, directed_.data()};
            return 0;
        });
    }

  private:
    template <class C>
    Couplings<C> couplings() const {
        const auto linear = nb::cast<Array<C>>(linear_), weight = nb::cast<Array<C>>(weight_);
        return {n_, linear.data(), first_.data(), other_.data(), weight.data(), C{1}};
    }
    Array<i64> first_;
    Array<i32> other_;
    nb::object linear_, weight_;
    i64 n_;
    Array<double> directed_;
    std::unique_ptr<Search> search_;
    std::atomic_flag busy_ = ATOMIC_FLAG_INIT;
};

template <class T>
auto reader(T Search::*member) {
    return [member](TabuSearch& t) { return t.with([&](Search& s) { return s.*member; }); };
}

}  // namespace

NB_MODULE(_tabu, m) {
    using T = TabuSearch;
    using Sample = Array<std::uint8_t>;
    m.attr("compiler") = __VERSION__;
    nb::class_<T>(m, "TabuSearch")
        .def(nb::init<nb::object, bool, i64, i64, double, u64>(), nb::arg("model"), nb::arg("dense"),
             nb::arg("tenure"), nb::arg("spread"), nb::arg("tolerance"), nb::arg("seed"))
        .def("start", [](T& t, Sample x) { t.freely([p = t.checked(x)](Search& s) { return s.start(p), 0; }); },
             nb::arg("sample"))
        .def("relink", [](T& t, Sample x, i64 least, i64 most, bool greedy) {
                 return t.freely([=, p = t.checked(x)](Search& s) { return s.relink(p, least, most, greedy); });
             }, nb::arg("sample"), nb::arg("least"), nb::arg("most"), nb::arg("greedy"))
        .def("run", [](T& t, i64 steps, double seconds) {
                 return t.freely([=](Search& s) { return s.run(steps, seconds); });
             }, nb::arg("steps"), nb::arg("seconds"))
        .def("breakout", [](T& t, i64 steps, double seconds) {
                 return t.freely([=](Search& s) { return s.breakout(steps, seconds); });
             }, nb::arg("steps"), nb::arg("seconds"))
        .def("limit", [](T& t, i64 patience, double target) {
                 t.with([=](Search& s) { return s.plan.patience = patience, s.plan.target = target, 0; });
             }, nb::arg("patience"), nb::arg("target"))
        .def("adapt", &T::adapt, nb::arg("shortest"), nb::arg("strong"), nb::arg("directed"))
        .def_prop_ro("value", [](T& t) { return t.with([](Search& s) { return s.value(); }); })
        .def_prop_ro("best_value", [](T& t) { return t.with([](Search& s) { return s.best_value(); }); })
        .def_prop_ro("sample", [](T& t) { return t.sample(false); })
        .def_prop_ro("best_sample", [](T& t) { return t.sample(true); })
        .def_prop_ro("steps", reader(&Search::steps))
        .def_prop_ro("improved", reader(&Search::improved))
        .def_prop_ro("optima", reader(&Search::optima));
}
