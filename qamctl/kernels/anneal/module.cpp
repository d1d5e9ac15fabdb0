// The extension module qamctl.kernels._anneal: the C++ kernels under the interface of reference.py.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <atomic>
#include <cmath>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>

#include "annealer.hpp"
#include "pack.hpp"
#include "tempering.hpp"

namespace nb = nanobind;
using namespace qamctl;

namespace {

template <class T>
using Array = nb::ndarray<const T, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

template <class T>
Array<T> array(nb::handle owner, const char* name) {
    Array<T> view;
    if (!nb::try_cast<Array<T>>(owner.attr(name), view, false))
        throw std::invalid_argument(std::string("Arranged.") + name + " has the wrong type of array");
    return view;
}

Setting setting_of(nb::handle arranged) {
    const auto open = array<u32>(arranged, "open");
    const auto threshold = array<float>(arranged, "threshold");
    const i64 slots = nb::cast<i64>(arranged.attr("slots"));
    const double places = std::log2(static_cast<double>(threshold.size()) - kBlock);
    if (places != std::floor(places) || places < 1) throw std::invalid_argument("Arranged.threshold has the wrong size");
    if (static_cast<i64>(open.size()) != (slots + kBlock - 1) / kBlock)
        throw std::invalid_argument("Arranged.open has the wrong size");
    return {slots, {open.data(), open.data() + open.size()}, {threshold.data(), threshold.data() + threshold.size()},
            64 - static_cast<int>(places), nb::cast<double>(arranged.attr("least")),
            nb::cast<bool>(arranged.attr("symmetric"))};
}

// Calls make(couplings, rows) with the types of fields and rows that fit the model best.
template <class Make>
auto with_rows(nb::handle arranged, Make make) {
    nb::object model = arranged.attr("model");
    const auto first = array<i64>(model, "first");
    const auto other = array<i32>(model, "other");
    const i64 n = static_cast<i64>(first.size()) - 1;
    const bool dense = nb::cast<bool>(arranged.attr("dense"));
    if (nb::cast<bool>(model.attr("integral"))) {
        const auto linear = array<i32>(model, "linear");
        const auto weight = array<i32>(model, "weight");
        const Csr<i32> c{n, linear.data(), first.data(), other.data(), weight.data()};
        bool same = true, small = true, tiny = true;
        for (std::size_t e = 0; e < weight.size(); ++e) {
            same &= weight(e) == weight(0);
            tiny &= weight(e) == static_cast<std::int8_t>(weight(e));
            small &= weight(e) == static_cast<std::int16_t>(weight(e));
        }
        if (dense) return small ? make(c, static_cast<DenseRows<i32, std::int16_t>*>(nullptr))
                                : make(c, static_cast<DenseRows<i32, i32>*>(nullptr));
        const bool near = n <= std::numeric_limits<u16>::max();
        if (near && same) return make(c, static_cast<SparseRows<i32, Even>*>(nullptr));
        if (near && small) return make(c, static_cast<SparseRows<i32, Narrow>*>(nullptr));
        if (n < (i64{1} << 24) && tiny) return make(c, static_cast<SparseRows<i32, Tight>*>(nullptr));
        return make(c, static_cast<SparseRows<i32, Wide<i32>>*>(nullptr));
    }
    const auto linear = array<double>(model, "linear");
    const auto weight = array<double>(model, "weight");
    const Csr<double> c{n, linear.data(), first.data(), other.data(), weight.data()};
    if (dense) return make(c, static_cast<DenseRows<double, double>*>(nullptr));
    return make(c, static_cast<SparseRows<double, Wide<double>>*>(nullptr));
}

template <class T>
nb::object numpy(const T* data, std::size_t size) {
    auto* copy = new T[size + 1];
    std::copy(data, data + size, copy);
    nb::capsule owner(copy, [](void* p) noexcept { delete[] static_cast<T*>(p); });
    return nb::cast(nb::ndarray<nb::numpy, T, nb::ndim<1>>(copy, {size}, owner));
}

class Guard {  // one caller at a time
  public:
    explicit Guard(std::atomic_flag& flag) : flag_(flag) {
        if (flag_.test_and_set()) throw std::runtime_error("this search is already running in another thread");
    }
    ~Guard() { flag_.clear(); }
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;

  private:
    std::atomic_flag& flag_;
};

// A kernel of the model's types, one caller at a time.
template <class Base>
class Held {
  public:
    // make(couplings, rows, setting) gives the kernel.
    template <class Make>
    Held(nb::handle arranged, Make make) {
        const Setting setting = setting_of(arranged);
        slots_ = static_cast<std::size_t>(setting.slots);
        kernel_ = with_rows(arranged, [&](const auto& c, auto* rows) -> std::unique_ptr<Base> {
            if (c.n != setting.slots) throw std::invalid_argument("Arranged.model has the wrong size");
            return make(c, rows, setting);
        });
    }
    const u8* checked(const Array<u8>& sample) const {
        if (sample.size() != slots_) throw std::invalid_argument("a sample has the wrong size");
        return sample.data();
    }
    template <class F>
    auto use(F&& f) {
        Guard guard(busy_);
        return f(*kernel_);
    }
    template <class F>
    auto work(F&& f) {
        Guard guard(busy_);
        nb::gil_scoped_release free;
        return f(*kernel_);
    }
    std::size_t slots() const { return slots_; }

  private:
    std::unique_ptr<Base> kernel_;
    std::size_t slots_ = 0;
    std::atomic_flag busy_ = ATOMIC_FLAG_INIT;
};

template <class C>
using FieldOf = std::remove_cv_t<std::remove_pointer_t<decltype(C::linear)>>;

struct Single : Held<AnnealerBase> {
    Single(nb::object arranged, u64 seed)
        : Held(arranged, [seed](const auto& c, auto* rows, const Setting& setting) -> std::unique_ptr<AnnealerBase> {
              using F = FieldOf<std::remove_cv_t<std::remove_reference_t<decltype(c)>>>;
              auto kernel = std::make_unique<Annealer<F, std::remove_pointer_t<decltype(rows)>>>(c, setting);
              kernel->seed(seed);
              return kernel;
          }) {}
};

struct Ladder : Held<TemperingBase> {
    Ladder(nb::object arranged, Array<double> t, u64 seed)
        : Held(arranged, [&](const auto& c, auto* rows, const Setting& setting) -> std::unique_ptr<TemperingBase> {
              using F = FieldOf<std::remove_cv_t<std::remove_reference_t<decltype(c)>>>;
              if (t.size() == 0) throw std::invalid_argument("a ladder needs a temperature");
              return std::make_unique<Tempering<F, std::remove_pointer_t<decltype(rows)>>>(
                  c, setting, t.data(), static_cast<i64>(t.size()), seed);
          }) {}
};

}  // namespace

NB_MODULE(_anneal, m) {
    m.attr("compiler") = __VERSION__;
    m.def("pack", [](Array<i64> first, Array<i32> other, Array<i32> order) {
        const std::vector<i32> slot = pack(static_cast<i64>(order.size()), first.data(), other.data(), order.data());
        return numpy(slot.data(), slot.size());
    });
    nb::class_<Single>(m, "Annealer")
        .def(nb::init<nb::object, u64>(), nb::arg("arranged"), nb::arg("seed"))
        .def("seed", [](Single& s, u64 seed) { s.use([&](auto& k) { k.seed(seed); return 0; }); })
        .def("start", [](Single& s, Array<u8> x) { s.work([&](auto& k) { k.start(s.checked(x)); return 0; }); })
        .def("plan", [](Single& s, Array<double> t) {
            s.use([&](auto& k) { k.plan(t.data(), static_cast<i64>(t.size())); return 0; });
        })
        .def("run", [](Single& s, i64 n, double seconds) { return s.work([&](auto& k) { return k.run(n, seconds); }); },
             nb::arg("sweeps"), nb::arg("seconds"))
        .def("descend", [](Single& s) { s.work([&](auto& k) { k.descend(); return 0; }); })
        .def("cross", [](Single& s, Array<u8> x) {
            const Crossing c = s.work([&](auto& k) { return k.cross(s.checked(x)); });
            return nb::make_tuple(c.differing, c.clusters, c.largest, c.taken);
        })
        .def_prop_ro("left", [](Single& s) { return s.use([](auto& k) { return k.left(); }); })
        .def_prop_ro("energy", [](Single& s) { return s.use([](auto& k) { return k.energy(); }); })
        .def_prop_ro("best_energy", [](Single& s) { return s.use([](auto& k) { return k.best_energy; }); })
        .def_prop_ro("flips", [](Single& s) { return s.use([](auto& k) { return k.flips; }); })
        .def_prop_ro("climbs", [](Single& s) { return s.use([](auto& k) { return k.climbs; }); })
        .def_prop_ro("best", [](Single& s) { return s.use([&](auto& k) { return numpy(k.best.data(), s.slots()); }); })
        .def_prop_ro("sample", [](Single& s) {
            return s.use([&](auto& k) {
                std::vector<u8> sample(s.slots());
                k.copy(sample.data());
                return numpy(sample.data(), sample.size());
            });
        });
    nb::class_<Ladder>(m, "Tempering")
        .def(nb::init<nb::object, Array<double>, u64>(), nb::arg("arranged"), nb::arg("temperatures"), nb::arg("seed"))
        .def("start", [](Ladder& s, i64 replica, Array<u8> x) {
            s.work([&](auto& k) {
                if (replica < 0 || replica >= 2 * k.levels()) throw std::invalid_argument("no such replica");
                k.start(replica, s.checked(x));
                return 0;
            });
        }, nb::arg("replica"), nb::arg("sample"))
        .def("heat", [](Ladder& s, Array<double> t) {
            s.use([&](auto& k) {
                if (static_cast<i64>(t.size()) != k.levels()) throw std::invalid_argument("a ladder keeps its length");
                k.heat(t.data());
                return 0;
            });
        }, nb::arg("temperatures"))
        .def("run", [](Ladder& s, i64 n, double seconds) { return s.work([&](auto& k) { return k.run(n, seconds); }); },
             nb::arg("rounds"), nb::arg("seconds"))
        .def_prop_ro("energies", [](Ladder& s) {
            return s.use([](auto& k) {
                std::vector<double> all;
                for (i64 r = 0; r < 2 * k.levels(); ++r) all.push_back(k.energy(r));
                return numpy(all.data(), all.size());
            });
        })
        .def("sample", [](Ladder& s, i64 replica) {
            return s.use([&](auto& k) {
                if (replica < 0 || replica >= 2 * k.levels()) throw std::invalid_argument("no such replica");
                std::vector<u8> sample(s.slots());
                k.copy(replica, sample.data());
                return numpy(sample.data(), sample.size());
            });
        }, nb::arg("replica"))
        .def_prop_ro("best", [](Ladder& s) { return s.use([&](auto& k) { return numpy(k.best.data(), s.slots()); }); })
        .def_prop_ro("best_energy", [](Ladder& s) { return s.use([](auto& k) { return k.best_energy; }); })
        .def_prop_ro("tried", [](Ladder& s) { return s.use([](auto& k) { return numpy(k.tried.data(), k.tried.size()); }); })
        .def_prop_ro("taken", [](Ladder& s) { return s.use([](auto& k) { return numpy(k.taken.data(), k.taken.size()); }); })
        .def_prop_ro("sweeps", [](Ladder& s) { return s.use([](auto& k) { return k.sweeps; }); })
        .def_prop_ro("clusters", [](Ladder& s) { return s.use([](auto& k) { return k.clusters; }); });
}
