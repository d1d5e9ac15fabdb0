// Threads for the time of a call, and memory for large states.
#pragma once

#include <cstdlib>
#include <memory>
#include <new>
#include <system_error>
#include <thread>
#include <vector>
#if defined(__linux__)
#include <sys/mman.h>
#endif

#include "pass.hpp"

namespace qamctl::statevector {

// Calls work(begin, end, k) for the k-th of about equal shares of [0, count), each in a thread of its own.
template <class Work>
void shared(i64 count, int threads, Work work) {
    threads = static_cast<int>(count < threads ? (count < 1 ? 1 : count) : threads);
    std::vector<std::thread> others;
    for (int k = 1; k < threads; ++k) {
        const i64 begin = count * k / threads, end = count * (k + 1) / threads;
        try {
            others.emplace_back(work, begin, end, k);
        } catch (const std::system_error&) {  // no thread to be had
            work(begin, end, k);
        }
    }
    work(0, count / threads, 0);
    for (std::thread& other : others) other.join();
}

struct Release {
    void operator()(void* p) const noexcept { std::free(p); }
};

template <class T>
using Memory = std::unique_ptr<T[], Release>;

// Not set to anything; in large pages where the system has them, because tiles touch many pages.
template <class T>
Memory<T> memory(i64 count) {
    const std::size_t page = std::size_t{1} << 21, need = static_cast<std::size_t>(count) * sizeof(T);
    const std::size_t unit = need < page ? 64 : page, bytes = (need + unit - 1) / unit * unit;
    void* found = std::aligned_alloc(unit, bytes);
    if (found == nullptr) throw std::bad_alloc();
#if defined(__linux__) && defined(MADV_HUGEPAGE)
    if (unit == page) madvise(found, bytes, MADV_HUGEPAGE);
#endif
    return Memory<T>(static_cast<T*>(found));
}

}  // namespace qamctl::statevector
