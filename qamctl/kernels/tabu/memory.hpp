// Arrays on a boundary of 64 bytes, as vectors of every width like them.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <new>

#include "search.hpp"

namespace qamctl {

template <class T>
class Aligned {
  public:
    Aligned(i64 size, T value) : size_(size) {
        const std::size_t bytes = (static_cast<std::size_t>(size) * sizeof(T) + 64) / 64 * 64;
        data_.reset(static_cast<T*>(std::aligned_alloc(64, bytes)));
        if (!data_) throw std::bad_alloc();
        std::fill(data_.get(), data_.get() + size, value);
    }
    T* get() { return data_.get(); }
    const T* get() const { return data_.get(); }
    T& operator[](i64 i) { return data_.get()[i]; }
    const T& operator[](i64 i) const { return data_.get()[i]; }
    i64 size() const { return size_; }

  private:
    struct Free {
        void operator()(T* p) const { std::free(p); }
    };
    i64 size_;
    std::unique_ptr<T, Free> data_;
};

}  // namespace qamctl
