// The extension module qamctl.kernels._statevector: the C++ kernels under the interfaces of the references.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/vector.h>

#include <atomic>
#include <complex>

#include "general.hpp"
#include "qubits.hpp"

namespace nb = nanobind;
using namespace qamctl::statevector;

namespace {

using In = nb::ndarray<const double, nb::c_contig, nb::device::cpu>;

nb::object numbers(const Sums& sums) { return nb::make_tuple(sums.before, sums.after, sums.middle); }

void demand(bool good, const char* otherwise) {
    if (!good) throw std::invalid_argument(otherwise);
}

// One caller at a time; the interpreter goes on meanwhile.
template <class Kernel>
class Locked {
  public:
    template <class... Args>
    explicit Locked(const Args&... args) : kernel(args...) {}

    template <class Work>
    auto with(Work work) {
        if (busy_.test_and_set()) throw std::runtime_error("this state is already in use in another thread");
        struct Free {
            std::atomic_flag& flag;
            ~Free() { flag.clear(); }
        } free{busy_};
        nb::gil_scoped_release others;
        return work(kernel);
    }

    // The first `count` amplitudes.
    template <class T>
    nb::object state(i64 count) {
        demand(0 <= count && count <= kernel.states(), "there are not so many states");
        auto* held = new std::complex<T>[static_cast<std::size_t>(count)];
        nb::capsule owner(held, [](void* p) noexcept { delete[] static_cast<std::complex<T>*>(p); });
        with([=](Kernel& k) { k.read(reinterpret_cast<T*>(held), count); });
        return nb::cast(
            nb::ndarray<nb::numpy, std::complex<T>, nb::ndim<1>>(held, {static_cast<std::size_t>(count)}, owner));
    }

    Kernel kernel;

  private:
    std::atomic_flag busy_ = ATOMIC_FLAG_INIT;
};

class LockedQubits : public Locked<Qubits> {
  public:
    LockedQubits(const In& diagonal, double middle, double scale, int n, int low, int width, int threads)
        : Locked(values(diagonal, n), middle, scale, n, low, width, threads) {}

  private:
    static const double* values(const In& diagonal, int n) {
        demand(n >= 4 && n < 48 && diagonal.size() == std::size_t{1} << n, "a state of n qubits needs 2^n values");
        return diagonal.data();
    }
};

void plan(LockedQubits& self, const In& layers) {
    demand(layers.ndim() == 2 && layers.shape(1) == 5, "a layer has five numbers");
    std::vector<Layer> found;
    for (std::size_t k = 0; k < layers.shape(0); ++k) {
        const double* row = layers.data() + 5 * k;
        found.push_back({row[0], row[1], row[2], row[3], row[4]});
    }
    self.with([&](Qubits& q) { q.plan(std::move(found)); });
}

Observable observable(double shift, double weight, double level) {
    return {static_cast<float>(shift), static_cast<float>(weight), static_cast<float>(level)};
}

void bind_qubits(nb::module_& m) {
    nb::class_<LockedQubits>(m, "Qubits")
        .def(nb::init<const In&, double, double, int, int, int, int>(), nb::arg("diagonal"), nb::arg("middle"), nb::arg("scale"), nb::arg("n"), nb::arg("low"),
             nb::arg("width"), nb::arg("threads"))
        .def("plan", &plan, nb::arg("layers"))
        .def("forward", [](LockedQubits& self, i64 t) { return numbers(self.with([=](Qubits& q) { return q.forward(t); })); },
             nb::arg("t"))
        .def("backward",
             [](LockedQubits& self, i64 t, double shift, double weight, double level) {
                 const Observable o = observable(shift, weight, level);
                 return numbers(self.with([=](Qubits& q) { return q.backward(t, o); }));
             },
             nb::arg("t"), nb::arg("shift"), nb::arg("weight"), nb::arg("level"))
        .def("state", &LockedQubits::state<float>, nb::arg("count"));
}

template <class T>
class LockedGeneral : public Locked<General<T>> {
  public:
    LockedGeneral(const In& diagonal, double middle, double scale, const In& start, const std::vector<i64>& sizes,
                  int threads)
        : Locked<General<T>>(values(diagonal, start, sizes, threads), middle, scale, start.data(), sizes, threads) {}

  private:
    static const double* values(const In& diagonal, const In& start, const std::vector<i64>& sizes, int threads) {
        i64 states = 1;
        for (const i64 size : sizes) {
            demand(size >= 1 && states <= (i64{1} << 47) / size, "an axis has a size of no use");
            states *= size;
        }
        demand(threads >= 1, "a thread is needed");
        demand(static_cast<i64>(diagonal.size()) == states && static_cast<i64>(start.size()) == states,
               "the diagonal needs a value for each state");
        return diagonal.data();
    }
};

template <class T>
void bind_general(nb::module_& m, const char* name) {
    using Kernel = General<T>;
    using Self = LockedGeneral<T>;
    const auto square = [](const Self& self, i64 axis, const In& matrix) {
        demand(axis >= 0 && axis < self.kernel.axes() &&
                   static_cast<i64>(matrix.size()) == self.kernel.size(axis) * self.kernel.size(axis),
               "a matrix does not fit its axis");
        return matrix.data();
    };
    nb::class_<Self>(m, name)
        .def(nb::init<const In&, double, double, const In&, const std::vector<i64>&, int>(), nb::arg("diagonal"), nb::arg("middle"), nb::arg("scale"), nb::arg("start"),
             nb::arg("sizes"), nb::arg("threads"))
        .def("begin", [](Self& self) { self.with([](Kernel& k) { k.begin(); }); })
        .def("phase", [](Self& self, double turn, bool both) { self.with([=](Kernel& k) { k.phase(turn, both); }); },
             nb::arg("turn"), nb::arg("both"))
        .def("mix",
             [square](Self& self, i64 axis, const In& re, const In& im, bool both) {
                 const double *a = square(self, axis, re), *b = square(self, axis, im);
                 self.with([=](Kernel& k) { k.mix(axis, a, b, both); });
             },
             nb::arg("axis"), nb::arg("re"), nb::arg("im"), nb::arg("both"))
        .def("generated",
             [square](Self& self, i64 axis, const In& generator, double weight) {
                 const double* g = square(self, axis, generator);
                 return self.with([=](Kernel& k) { return k.generated(axis, g, weight); });
             },
             nb::arg("axis"), nb::arg("generator"), nb::arg("weight"))
        .def("measure", [](Self& self) { return numbers(self.with([](Kernel& k) { return k.measure(); })); })
        .def("turn",
             [](Self& self, double shift, double weight, double level) {
                 return self.with([=](Kernel& k) {
                     return k.turn(static_cast<T>(shift), static_cast<T>(weight), static_cast<T>(level));
                 });
             },
             nb::arg("shift"), nb::arg("weight"), nb::arg("level"))
        .def("gamma", [](Self& self) { return self.with([](Kernel& k) { return k.gamma(); }); })
        .def("overlap",
             [](Self& self, bool adjoint) { return numbers(self.with([=](Kernel& k) { return k.overlap(adjoint); })); },
             nb::arg("adjoint"))
        .def("add_start",
             [](Self& self, bool adjoint, double re, double im) {
                 self.with([=](Kernel& k) { k.add_start(adjoint, re, im); });
             },
             nb::arg("adjoint"), nb::arg("re"), nb::arg("im"))
        .def("state", &Self::template state<T>, nb::arg("count"));
}

}  // namespace

NB_MODULE(_statevector, m) {
    m.attr("compiler") = __VERSION__;
    bind_qubits(m);
    bind_general<float>(m, "General32");
    bind_general<double>(m, "General64");
}
