// The numbers of the kernels, and arrays that they borrow.
#pragma once

#include <cstdint>

namespace qamctl {

using i32 = std::int32_t;
using i64 = std::int64_t;
using u64 = std::uint64_t;

template <class T>
struct Span {  // a borrowed array; the module keeps its owner alive
    const T* data = nullptr;
    i64 size = 0;
    const T& operator[](i64 i) const { return data[i]; }
};

}  // namespace qamctl
