// A pass over blocks of one or two states: mixers of one half of the qubits on both sides of a diagonal phase.
//
// Inside a block the bits of the row number are the qubits; those below kPart columns are worked on part by part, so
// that a part is in the nearest cache from the last of the bits above, through the phase, to the first of them again.
#include "vectors.hpp"

namespace qamctl::statevector::QAMCTL_SET {

// Bits of row numbers that one trip through the columns takes along in registers, of which AVX-512 has 32.
constexpr int kTrip = kLanes == 16 ? 3 : 2;

// Keeps the compiler from working out all multiples of a distance before a loop, for which there are no registers.
QAMCTL_INLINE void hide(i64& distance) { __asm__("" : "+r"(distance)); }

// 2^kBits columns of a state, or a piece of each, in registers.
template <int kBits, int kWide>
struct Taken {
    static constexpr int kSize = 1 << kBits;
    Column<kWide> re[kSize], im[kSize];

    QAMCTL_INLINE void read(const float* from, i64 apart) {
        hide(apart);
#pragma GCC unroll 8
        for (int k = 0; k < kSize; ++k, from += apart)
#pragma GCC unroll 4
            for (int w = 0; w < kWide; ++w)
                re[k].v[w] = load(from + w * kLanes), im[k].v[w] = load(from + w * kLanes + kColumn);
    }
    // Mixed bits are flipped by writing in opposite order.
    QAMCTL_INLINE void write(float* to, i64 apart, bool flip) const {
        if (flip) to += (kSize - 1) * apart, apart = -apart;
        hide(apart);
#pragma GCC unroll 8
        for (int k = 0; k < kSize; ++k, to += apart)
#pragma GCC unroll 4
            for (int w = 0; w < kWide; ++w)
                store(to + w * kLanes, re[k].v[w]), store(to + w * kLanes + kColumn, im[k].v[w]);
    }
    template <int kBit>
    QAMCTL_INLINE void mix_bit(Vec t) {
#pragma GCC unroll 8
        for (int k = 0; k < kSize; ++k)
#pragma GCC unroll 4
            for (int w = 0; w < kWide; ++w)
                if (!(k & kBit)) rotate(re[k].v[w], im[k].v[w], re[k | kBit].v[w], im[k | kBit].v[w], t);
    }
    // X mixers on the taken bits: upwards, or downwards.
    template <bool kUp>
    QAMCTL_INLINE void mix(Vec t) {
        if constexpr (kUp) {
            if constexpr (kBits > 0) mix_bit<1>(t);
            if constexpr (kBits > 1) mix_bit<2>(t);
            if constexpr (kBits > 2) mix_bit<4>(t);
        } else {
            if constexpr (kBits > 2) mix_bit<4>(t);
            if constexpr (kBits > 1) mix_bit<2>(t);
            if constexpr (kBits > 0) mix_bit<1>(t);
        }
    }
};

template <int kBit>
QAMCTL_INLINE void mix_lane(Whole& re, Whole& im, Vec t) {
    const Whole r = exchange<kBit>(re), i = exchange<kBit>(im);
#pragma GCC unroll 4
    for (int w = 0; w < kPieces; ++w) re.v[w] = re.v[w] + t * i.v[w], im.v[w] = im.v[w] - t * r.v[w];
}

// X mixers on the four qubits inside a column.
template <bool kUp>
QAMCTL_INLINE void mix_inside(Taken<0, kPieces>& taken, Vec t, bool flip) {
    Whole &re = taken.re[0], &im = taken.im[0];
    if constexpr (kUp)
        mix_lane<1>(re, im, t), mix_lane<2>(re, im, t), mix_lane<4>(re, im, t), mix_lane<8>(re, im, t);
    else
        mix_lane<8>(re, im, t), mix_lane<4>(re, im, t), mix_lane<2>(re, im, t), mix_lane<1>(re, im, t);
    if (flip) re = exchange<15>(re), im = exchange<15>(im);
}

// Im <lambda| sum of X on the taken bits |psi>.
QAMCTL_INLINE Vec generated(const Taken<1, 1>& p, const Taken<1, 1>& l) {
    return l.re[0].v[0] * p.im[1].v[0] - l.im[0].v[0] * p.re[1].v[0] + l.re[1].v[0] * p.im[0].v[0] -
           l.im[1].v[0] * p.re[0].v[0];
}

QAMCTL_INLINE Vec generated(const Taken<2, 1>& p, const Taken<2, 1>& l) {
    const Vec outer_re = p.re[0].v[0] + p.re[3].v[0], outer_im = p.im[0].v[0] + p.im[3].v[0];
    const Vec inner_re = p.re[1].v[0] + p.re[2].v[0], inner_im = p.im[1].v[0] + p.im[2].v[0];
    return (l.re[0].v[0] + l.re[3].v[0]) * inner_im - (l.im[0].v[0] + l.im[3].v[0]) * inner_re +
           (l.re[1].v[0] + l.re[2].v[0]) * outer_im - (l.im[1].v[0] + l.im[2].v[0]) * outer_re;
}

// The same for the four qubits inside a column, added to the total.
QAMCTL_INLINE void add_inside(Whole& total, const Taken<0, kPieces>& p, const Taken<0, kPieces>& l) {
    const auto neighbours = [](const Whole& x, int w) {
        return exchange<1>(x).v[w] + exchange<2>(x).v[w] + exchange<4>(x).v[w] + exchange<8>(x).v[w];
    };
#pragma GCC unroll 4
    for (int w = 0; w < kPieces; ++w)
        total.v[w] = total.v[w] + (l.re[0].v[w] * neighbours(p.im[0], w) - l.im[0].v[w] * neighbours(p.re[0], w));
}

// Calls work(at) for every column whose row number has zeros in kBits bits from `low` on, `at` from the block's begin.
template <int kBits, class Work>
QAMCTL_INLINE void each(const Rows& rows, int low, Work work) {
    const i64 run = i64{1} << low, all_ = rows.count * rows.stride, stride = rows.stride, width = rows.width;
    if (stride == width) {  // rows follow each other: groups of 2^kBits runs
        const i64 inner = kBits ? run * width : all_;
        for (i64 group = 0; group < all_; group += inner << kBits)
            for (i64 at = group; at < group + inner; ++at) work(at);
        return;
    }
    for (i64 group = 0; group < all_; group += (run << kBits) * stride)
        for (i64 line = group; line < group + run * stride; line += stride)
            for (i64 at = line; at < line + width; ++at) work(at);
}

// Where mixers work: a block of psi, and of lambda too where there are two states, or a part of one.
struct Place {
    float *psi, *lambda;
    Rows rows;
};

// What sums of Im <lambda|X|psi> are weighted with, and what they come to.
struct Found {
    double weight;
    i64& sum;
    QAMCTL_INLINE void add(const Total& total, int bits, const Mix& mix) {
        total.add_to(sum, weight);
        for (int b = 0; b < bits; ++b) weight *= mix.cosine2;
    }
};

// X mixers on kBits bits of row numbers from `low` on, once psi and lambda have been added to the sum.
template <bool kBoth, bool kUp, int kBits>
void mix_rows(Place place, int low, const Mix& mix, Found& found) {
    const Vec t = all(mix.tangent);
    const bool flip = mix.flip;
    const i64 apart = (place.rows.stride << low) * kFloats;
    Total total;
    each<kBits>(place.rows, low, [&](i64 column) QAMCTL_ALWAYS {
#pragma GCC unroll 4
        for (int w = 0; w < kPieces; ++w) {
            const i64 at = column * kFloats + w * kLanes;
            Taken<kBits, 1> psi, lambda;
            psi.read(place.psi + at, apart);
            if constexpr (kBoth) {
                lambda.read(place.lambda + at, apart);
                total.v[w] = total.v[w] + generated(psi, lambda);
                lambda.template mix<kUp>(t), lambda.write(place.lambda + at, apart, flip);
            }
            psi.template mix<kUp>(t), psi.write(place.psi + at, apart, flip);
        }
    });
    if constexpr (kBoth) found.add(total, kBits, mix);
}

// The same on the four qubits inside columns.
template <bool kBoth, bool kUp>
void mix_lanes(Place place, const Mix& mix, Found& found) {
    const Vec t = all(mix.tangent);
    const bool flip = mix.flip;
    Total total;
    each<0>(place.rows, 0, [&](i64 column) QAMCTL_ALWAYS {
        const i64 at = column * kFloats;
        Taken<0, kPieces> psi, lambda;
        psi.read(place.psi + at, 0);
        if constexpr (kBoth) {
            lambda.read(place.lambda + at, 0);
            add_inside(total, psi, lambda);
            mix_inside<kUp>(lambda, t, flip), lambda.write(place.lambda + at, 0, false);
        }
        mix_inside<kUp>(psi, t, flip), psi.write(place.psi + at, 0, false);
    });
    if constexpr (kBoth) found.add(total, 4, mix);
}

// The same on the bits [from, to) of row numbers. With two states they go in pairs from below, else as many as fit.
template <bool kBoth, bool kUp>
void mix_bits(Place place, int from, int to, const Mix& mix, Found& found) {
    while (from < to) {
        const int left = to - from, most = left == kTrip + 1 ? 2 : left < kTrip ? left : kTrip;
        const int take = !kBoth ? most : (kUp ? left == 1 : left % 2 == 1) ? 1 : 2;
        const int low = kUp ? from : to - take;
        if (take == 1) mix_rows<kBoth, kUp, 1>(place, low, mix, found);
        if (take == 2) mix_rows<kBoth, kUp, 2>(place, low, mix, found);
        if constexpr (!kBoth && kTrip == 3)
            if (take == 3) mix_rows<kBoth, kUp, 3>(place, low, mix, found);
        (kUp ? from : to) += kUp ? take : -take;
    }
}

// What stands between the two mixers. Columns that are `ahead` of those at hand are called into the core's own cache:
// by the time that the block is done, the next one is there.
template <Middle kMiddle>
void middle_trip(const Pass& pass, i64 from, const Rows& rows, i64 ahead, Sums& sums) {
    constexpr bool kBoth = kMiddle == Middle::turn || kMiddle == Middle::unwind || kMiddle == Middle::end;
    constexpr bool kTurns = kMiddle == Middle::start || kMiddle == Middle::phase || kMiddle == Middle::unwind;
    const Phase& phase = pass.phase;
    const Observable o = pass.observable;
    const Vec level = all(o.level);
    float *const psi_at = pass.psi + from * kFloats, *const lambda_at = pass.lambda + (kBoth ? from * kFloats : 0);
    const float* const diagonal = pass.diagonal + from * kColumn;
    Total first, second;
    each<0>(rows, 0, [&](i64 column) QAMCTL_ALWAYS {
        if (ahead) {
            const i64 next = (column + ahead) * kFloats;
            call(diagonal + next / 2), call(psi_at + next), call(psi_at + next + kColumn);
            if constexpr (kMiddle == Middle::unwind || kMiddle == Middle::end)
                call(lambda_at + next), call(lambda_at + next + kColumn);
        }
#pragma GCC unroll 4
        for (int w = 0; w < kPieces; ++w) {
            const i64 at = column * kFloats + w * kLanes;
            const Vec d = load(diagonal + column * kColumn + w * kLanes);
            Taken<0, 1> psi, lambda;
            Vec &pr = psi.re[0].v[0], &pi = psi.im[0].v[0], &lr = lambda.re[0].v[0], &li = lambda.im[0].v[0];
            Vec &one = first.v[w], &two = second.v[w], cosine, sine;
            if constexpr (kMiddle != Middle::start) psi.read(psi_at + at, 0);
            if constexpr (kMiddle == Middle::unwind || kMiddle == Middle::end)
                lambda.read(lambda_at + at, 0), one = one + d * (lr * pi - li * pr);
            if constexpr (kMiddle == Middle::last) {
                const Vec share = pr * pr + pi * pi;
                one = one + d * share, two = two + share;
            }
            if constexpr (kMiddle == Middle::turn) {
                const Vec value = o.shift + o.weight * least(d, level);
                one = one + value * (pr * pr + pi * pi), lr = value * pr, li = value * pi;
            }
            if constexpr (kTurns) sincos(phase, d * phase.turn, cosine, sine);
            if constexpr (kMiddle == Middle::start) pr = cosine, pi = -sine;
            if constexpr (kMiddle == Middle::phase || kMiddle == Middle::unwind) turn(pr, pi, cosine, sine);
            if constexpr (kMiddle == Middle::unwind) turn(lr, li, cosine, sine);
            if constexpr (kTurns) psi.write(psi_at + at, 0, false);
            if constexpr (kMiddle == Middle::turn || kMiddle == Middle::unwind)
                lambda.write(lambda_at + at, 0, false);
        }
    });
    if constexpr (kMiddle == Middle::last) first.add_to(sums.before, 1), second.add_to(sums.after, 1);
    if constexpr (kBoth) first.add_to(sums.middle, pass.gamma_weight);
}

template <Middle kMiddle>
void run_blocks(const Pass& pass, i64 begin, i64 end, Sums& sums) {
    constexpr bool kBoth = kMiddle == Middle::turn || kMiddle == Middle::unwind || kMiddle == Middle::end;
    const Mix &before = pass.before, &after = pass.after;
    const auto place = [&](i64 at, const Rows& rows) {
        return Place{pass.psi + at * kFloats, kBoth ? pass.lambda + at * kFloats : nullptr, rows};
    };
    const Rows whole = pass.rows, part{i64{1} << pass.part, whole.width, whole.stride};
    for (i64 block = begin; block < end; ++block) {
        const i64 at = block * pass.step, ahead = block + 1 < end ? pass.step : 0;
        const Place all_of = place(at, whole);
        Found above{before.weight, sums.before}, last{after.weight, sums.after};
        if (before.on) mix_bits<kBoth, false>(all_of, pass.part, pass.bits, before, above);
        for (i64 from = at; from < at + whole.count * whole.stride; from += part.count * part.stride) {
            const Place part_of = place(from, part);
            Found found = above;
            if (before.on) mix_bits<kBoth, false>(part_of, 0, pass.part, before, found);
            if (before.on && pass.lanes) mix_lanes<kBoth, false>(part_of, before, found);
            middle_trip<kMiddle>(pass, from, part, ahead, sums);
            last.weight = after.weight;
            if (after.on && pass.lanes) mix_lanes<kBoth, true>(part_of, after, last);
            if (after.on) mix_bits<kBoth, true>(part_of, 0, pass.part, after, last);
        }
        if (after.on) mix_bits<kBoth, true>(all_of, pass.part, pass.bits, after, last);
    }
}

inline void run(const Pass& pass, i64 begin, i64 end, Sums& sums) {
    switch (pass.middle) {
        case Middle::start: return run_blocks<Middle::start>(pass, begin, end, sums);
        case Middle::phase: return run_blocks<Middle::phase>(pass, begin, end, sums);
        case Middle::last: return run_blocks<Middle::last>(pass, begin, end, sums);
        case Middle::turn: return run_blocks<Middle::turn>(pass, begin, end, sums);
        case Middle::unwind: return run_blocks<Middle::unwind>(pass, begin, end, sums);
        case Middle::end: return run_blocks<Middle::end>(pass, begin, end, sums);
    }
}

}  // namespace qamctl::statevector::QAMCTL_SET
