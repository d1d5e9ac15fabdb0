// The extension module qamctl.kernels._mixing: the C++ kernel under the interface of reference.py.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <algorithm>
#include <atomic>

#include "mixing.hpp"

namespace nb = nanobind;
using namespace qamctl;

namespace {

template <class T>
using In = nb::ndarray<const T, nb::c_contig, nb::device::cpu>;

template <class T>
std::vector<T> copy(const In<T>& from) {
    return std::vector<T>(from.data(), from.data() + from.size());
}

nb::object array_of(const std::vector<double>& values, std::size_t rows, std::size_t columns) {
    auto* data = new double[std::max<std::size_t>(1, values.size())];
    std::copy(values.begin(), values.end(), data);
    nb::capsule owner(data, [](void* p) noexcept { delete[] static_cast<double*>(p); });
    if (columns == 0) return nb::cast(nb::ndarray<nb::numpy, double, nb::ndim<1>>(data, {rows}, owner));
    return nb::cast(nb::ndarray<nb::numpy, double, nb::ndim<2>>(data, {rows, columns}, owner));
}

class Descent {  // one caller at a time
  public:
    Descent(const In<i64>& first, const In<i32>& other, const In<double>& weight, const In<double>& vectors)
        : m_(copy(first), copy(other), copy(weight), copy(vectors),
             vectors.ndim() == 2 ? static_cast<i64>(vectors.shape(1)) : 0) {}
    template <class F>
    auto locked(F&& work) {
        if (busy_.test_and_set()) throw std::runtime_error("this Mixing is already running in another thread");
        struct Free {
            std::atomic_flag& flag;
            ~Free() { flag.clear(); }
        } free{busy_};
        return work(m_);
    }
    i64 run(i64 sweeps, double seconds) {
        return locked([&](Mixing& m) {
            nb::gil_scoped_release free;
            return m.run(sweeps, seconds);
        });
    }
    void reweigh(const In<double>& weight) {
        locked([&](Mixing& m) {
            if (weight.size() != m.weight.size()) throw std::invalid_argument("as many weights as before are needed");
            std::copy(weight.data(), weight.data() + weight.size(), m.weight.begin());
        });
    }
    nb::object products() {
        return locked([](Mixing& m) { return array_of(m.products(), m.other.size(), 0); });
    }
    nb::object gram() {
        return locked([](Mixing& m) { return array_of(m.gram(), m.norms.size(), m.norms.size()); });
    }
    nb::object triangles(double least, i64 most) {
        std::vector<Triangle> found = locked([&](Mixing& m) {
            nb::gil_scoped_release free;
            return m.triangles(least, most);
        });
        std::vector<double> rows;
        for (const Triangle& t : found)
            for (const double value : {1.0 * t.a, 1.0 * t.b, 1.0 * t.c, 1.0 * t.ab, 1.0 * t.ac, 1.0 * t.bc, t.excess})
                rows.push_back(value);
        return array_of(rows, found.size(), 7);
    }
    nb::object norms() {
        return locked([](Mixing& m) { return array_of(m.norms, m.norms.size(), 0); });
    }
    nb::object vectors() {
        return locked([](Mixing& m) { return array_of(m.vectors, m.norms.size(), static_cast<std::size_t>(m.rank)); });
    }
    i64 sweeps() {
        return locked([](Mixing& m) { return m.sweeps; });
    }
    double change() {
        return locked([](Mixing& m) { return m.change; });
    }

  private:
    Mixing m_;
    std::atomic_flag busy_ = ATOMIC_FLAG_INIT;
};

}  // namespace

NB_MODULE(_mixing, m) {
    m.attr("compiler") = __VERSION__;
    nb::class_<Descent>(m, "Mixing")
        .def(nb::init<const In<i64>&, const In<i32>&, const In<double>&, const In<double>&>(), nb::arg("first"),
             nb::arg("other"), nb::arg("weight"), nb::arg("vectors"))
        .def("run", &Descent::run, nb::arg("sweeps"), nb::arg("seconds"))
        .def("reweigh", &Descent::reweigh, nb::arg("weight"))
        .def("products", &Descent::products)
        .def("gram", &Descent::gram)
        .def("triangles", &Descent::triangles, nb::arg("least"), nb::arg("most"))
        .def_prop_ro("vectors", &Descent::vectors)
        .def_prop_ro("norms", &Descent::norms)
        .def_prop_ro("sweeps", &Descent::sweeps)
        .def_prop_ro("change", &Descent::change);
}
