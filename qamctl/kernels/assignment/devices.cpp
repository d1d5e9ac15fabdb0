// Pieces of units on devices. devices.py is the specification.
#include <algorithm>

#include "assignment.hpp"

namespace qamctl {

// How many pieces of u find no device in b; with `take` they are seated.
i64 State::seat(i64 u, i64 b, bool take) {
    i64 failed = 0;
    i64* rooms = room_.data() + b * devices_;
    std::copy(rooms, rooms + devices_, trial_.begin());
    for (i64 e = p.piece_first[u]; e < p.piece_first[u + 1]; ++e) {
        const i64 d = p.piece_device[e], size = p.piece_size[e], whole = p.device_size[d];
        i64 bits = 0;
        if (size < whole) {  // the fullest device that has room
            i64 best = -1;
            for (i64 i = device_first_[d]; i < device_first_[d + 1]; ++i)
                if (trial_[i] >= size && (best < 0 || trial_[i] < trial_[best])) best = i;
            if (best >= 0) {
                trial_[best] -= size;
                bits = i64{1} << (best - device_first_[d]);
            }
        } else {
            i64 left = size / whole;
            for (i64 i = device_first_[d]; i < device_first_[d + 1] && left; ++i)
                if (trial_[i] == whole) {
                    bits |= i64{1} << (i - device_first_[d]);
                    --left;
                }
            if (left) bits = 0;
            for (i64 i = device_first_[d]; i < device_first_[d + 1]; ++i)
                if (bits >> (i - device_first_[d]) & 1) trial_[i] = 0;
        }
        failed += bits == 0;
        if (take) mask[e] = bits;
    }
    if (take) std::copy(trial_.begin(), trial_.end(), rooms);
    return failed;
}

// Gives back the devices that u has in a; how many of its pieces had none.
i64 State::rise(i64 u, i64 a) {
    i64 failed = 0;
    for (i64 e = p.piece_first[u]; e < p.piece_first[u + 1]; ++e) {
        const i64 d = p.piece_device[e], each = std::min(p.piece_size[e], p.device_size[d]);
        failed += mask[e] == 0;
        for (i64 i = device_first_[d]; i < device_first_[d + 1]; ++i)
            if (mask[e] >> (i - device_first_[d]) & 1) room_[a * devices_ + i] += each;
        mask[e] = 0;
    }
    return failed;
}

void State::reseat_all(i64 u, const i64* masks) {
    violation -= kBroken * rise(u, x[u]);
    for (i64 e = p.piece_first[u]; e < p.piece_first[u + 1]; ++e) {
        const i64 d = p.piece_device[e], each = std::min(p.piece_size[e], p.device_size[d]);
        mask[e] = masks[e - p.piece_first[u]];
        if (mask[e] == 0) violation += kBroken;
        for (i64 i = device_first_[d]; i < device_first_[d + 1]; ++i)
            if (mask[e] >> (i - device_first_[d]) & 1) room_[x[u] * devices_ + i] -= each;
    }
}

}  // namespace qamctl
