// The extension module qamctl.kernels._critical: the C++ kernel under the interface of reference.py.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>

#include "critical.hpp"

namespace nb = nanobind;
using namespace qamctl;

namespace {

template <class T>
using Array = nb::ndarray<const T, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

const char* type_name(i64) { return "int64"; }
const char* type_name(i32) { return "int32"; }

// The array of an object, which is neither converted nor copied.
template <class T>
Array<T> view(nb::handle owner, const char* name) {
    Array<T> found;
    if (nb::try_cast<Array<T>>(owner, found, false)) return found;
    throw nb::type_error((std::string(name) + " is no C-contiguous array of " + type_name(T{}) + " with 1 dimension").c_str());
}

// A search that one thread at a time may drive; the GIL is released meanwhile.
class Driven {
  public:
    Driven(nb::object problem, nb::object order, nb::object choice, u64 seed) : problem_(problem) {
        Problem p{};
        p.release = array<i64>("release");
        p.first_option = array<i64>("first_option");
        p.option_machine = array<i32>("option_machine");
        p.option_duration = array<i64>("option_duration");
        p.before = {array<i64>("before_first"), array<i32>("before_task"), array<i64>("before_lag")};
        p.after = {array<i64>("after_first"), array<i32>("after_task"), array<i64>("after_lag")};
        p.machines = nb::cast<i64>(problem.attr("machines"));
        p.tenure = nb::cast<i64>(problem.attr("tenure"));
        p.spread = nb::cast<i64>(problem.attr("spread"));
        problem.attr("check")();
        const auto [list, options] = start(order, choice);
        search_ = std::make_unique<CriticalPathSearch>(p, list.data(), options.data(), seed);
    }
    i64 run(i64 steps, double seconds) {
        const Busy busy(*this);
        nb::gil_scoped_release release;
        return search_->run(steps, seconds);
    }
    void restart(nb::object order, nb::object choice) {
        const Busy busy(*this);
        const auto [list, options] = start(order, choice);
        search_->restart(list.data(), options.data());
    }
    const CriticalPathSearch& search() const {
        if (busy_) throw std::runtime_error("another thread is using this search");
        return *search_;
    }

  private:
    struct Busy {
        explicit Busy(Driven& driven) : flag(driven.busy_) {
            if (flag.exchange(true)) throw std::runtime_error("another thread is using this search");
        }
        ~Busy() { flag = false; }
        std::atomic<bool>& flag;
    };

    template <class T>
    Span<T> array(const char* name) {
        nb::object owner = problem_.attr(name);
        const Array<T> found = view<T>(owner, name);
        owners_.push_back(std::move(owner));
        return {found.data(), static_cast<i64>(found.size())};
    }
    // The arrays of a schedule to start from, looked at by the Python that looks at those of the reference.
    std::pair<Array<i32>, Array<i64>> start(nb::object order, nb::object choice) {
        std::pair<Array<i32>, Array<i64>> out{view<i32>(order, "order"), view<i64>(choice, "choice")};
        nb::module_::import_("qamctl.kernels.critical.problem").attr("check_start")(problem_, order, choice);
        return out;
    }

    nb::object problem_;
    std::vector<nb::object> owners_;
    std::unique_ptr<CriticalPathSearch> search_;
    std::atomic<bool> busy_{false};
};

nb::ndarray<nb::numpy, i64, nb::ndim<1>> numpy(const std::vector<i64>& values) {
    i64* copy = new i64[values.empty() ? 1 : values.size()];
    std::copy(values.begin(), values.end(), copy);
    nb::capsule owner(copy, [](void* p) noexcept { delete[] static_cast<i64*>(p); });
    return {copy, {values.size()}, owner};
}

}  // namespace

NB_MODULE(_critical, m) {
    m.attr("compiler") = __VERSION__;
    nb::class_<Driven>(m, "CriticalPathSearch")
        .def(nb::init<nb::object, nb::object, nb::object, u64>(), nb::arg("problem"), nb::arg("order"), nb::arg("choice"),
             nb::arg("seed"))
        .def("run", &Driven::run, nb::arg("steps"), nb::arg("seconds"))
        .def("restart", &Driven::restart, nb::arg("order"), nb::arg("choice"))
        .def_prop_ro("steps", [](const Driven& d) { return d.search().steps(); })
        .def_prop_ro("stalled", [](const Driven& d) { return d.search().stalled(); })
        .def_prop_ro("stuck", [](const Driven& d) { return d.search().stuck(); })
        .def_prop_ro("best_span", [](const Driven& d) { return d.search().best_span(); })
        .def_prop_ro("best_start", [](const Driven& d) { return numpy(d.search().best_start()); }, nb::rv_policy::move)
        .def_prop_ro("best_choice", [](const Driven& d) { return numpy(d.search().best_choice()); }, nb::rv_policy::move)
        .def_prop_ro("start", [](const Driven& d) { return numpy(d.search().start()); }, nb::rv_policy::move)
        .def_prop_ro("choice", [](const Driven& d) { return numpy(d.search().choice()); }, nb::rv_policy::move);
}
