// Resident simulation process: loads one compiled model and answers batches over its standard
// streams until its input ends.
//
//   runner MODEL.so [TRACE.vcd]
//
// Everything is 64-bit words in the machine's order.
//   start:    -> MAGIC, number of units
//   request:  <- MAGIC, kind (0 rows, 1 counter), number of units, units..., first row, rows, sequence,
//                and for kind 0 the input rows
//   answer:   -> MAGIC, then the output rows, one unit after the other
// Units of one request share their inputs. With a counter the input row is the row number, the
// first port in its low bits. A sequential unit starts from its first state at row 0 and, if
// `sequence` is not 0, at every multiple of it; requests with a later first row go on from where
// the last one stopped. Outputs are taken before the clock edge that ends the row.
#include "abi.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <vector>

double sc_time_stamp() { return 0; }

static const uint64_t MAGIC = 0x3130676e776f7272;  // "rrowng01"
static int answers = 1;

[[noreturn]] static void die(const char* what, const char* why) {
    std::fprintf(stderr, "runner: %s: %s\n", what, why);
    std::_Exit(1);
}

// Reads exactly `bytes`; false if the input ends at a message boundary, which is the normal end.
static bool receive(void* to, size_t bytes, bool boundary) {
    char* at = static_cast<char*>(to);
    size_t got = 0;
    while (got < bytes) {
        const ssize_t n = read(0, at + got, bytes - got);
        if (n > 0) got += static_cast<size_t>(n);
        else if (n == 0 && boundary && got == 0) return false;
        else if (n == 0) die("input", "ends inside a message");
        else if (errno != EINTR) die("input", "cannot be read");
    }
    return true;
}

static void send(const void* from, size_t bytes) {
    const char* at = static_cast<const char*>(from);
    while (bytes) {
        const ssize_t n = write(answers, at, bytes);
        if (n >= 0) {
            at += n;
            bytes -= static_cast<size_t>(n);
        } else if (errno != EINTR) std::_Exit(0);  // nobody listens any more
    }
}

struct Session {
    const NgModel& model;
    const char* trace;
    void* instance = nullptr;

    void fresh() {
        if (instance) model.destroy(instance);
        instance = model.create(trace);
    }

    // Brings the units to their first state.
    void restart(const std::vector<uint32_t>& units) {
        bool renew = !instance;
        for (uint32_t u : units) renew |= model.unit[u].clocked && (!model.unit[u].reset || model.unit[u].memory);
        if (renew) fresh();
        const NgUnit& lead = model.unit[units[0]];
        if (!lead.reset) return;
        lead.set_reset(instance, 1);
        lead.clock(instance, 0);
        model.eval(instance);
        lead.clock(instance, 1);
        model.eval(instance);
        lead.set_reset(instance, 0);
    }

    void run(const std::vector<uint32_t>& units, uint64_t first, uint64_t rows, uint64_t sequence, const uint64_t* in,
             std::vector<uint64_t*> out) {
        const NgUnit& lead = model.unit[units[0]];
        if (!instance) fresh();
        if (!lead.clocked && units.size() == 1) return lead.batch(instance, in, out[0], rows);
        for (uint64_t r = 0; r < rows; ++r, in += lead.input_words) {
            const uint64_t row = first + r;
            if (lead.clocked && (row == 0 || (sequence && row % sequence == 0))) restart(units);
            lead.set(instance, in);
            if (lead.clocked) lead.clock(instance, 0);
            model.eval(instance);
            for (size_t i = 0; i < units.size(); ++i) {
                const NgUnit& unit = model.unit[units[i]];
                unit.get(instance, out[i]);
                out[i] += unit.output_words;
            }
            if (lead.clocked) {
                lead.clock(instance, 1);
                model.eval(instance);
            }
        }
    }
};

// Input rows of a counter: the row number cut into ports, the first port in its low bits.
static void count(const NgUnit& unit, uint64_t first, uint64_t rows, std::vector<uint64_t>& in) {
    in.resize(rows * unit.input_words);
    uint64_t* at = in.data();
    for (uint64_t r = 0; r < rows; ++r) {
        uint64_t left = first + r;
        for (uint32_t p = 0; p < unit.inputs; ++p) {
            const uint32_t bits = unit.input_bits[p];
            *at++ = bits >= 64 ? left : left & ((uint64_t(1) << bits) - 1);
            left = bits >= 64 ? 0 : left >> bits;
            for (uint32_t more = 64; more < bits; more += 64) *at++ = 0;
        }
    }
}

int main(int argc, char** argv) {
    if (argc < 2) die("usage", "runner MODEL.so [TRACE.vcd]");
    // The model may print; its words must not end up among the answers.
    answers = dup(1);
    dup2(2, 1);
#ifdef F_SETPIPE_SZ
    fcntl(0, F_SETPIPE_SZ, 1 << 20);
    fcntl(answers, F_SETPIPE_SZ, 1 << 20);
#endif
    void* library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
    if (!library) die("cannot load the model", dlerror());
    const auto* model = static_cast<const NgModel*>(dlsym(library, "ng_model"));
    if (!model) die("cannot load the model", "it has no ng_model");
    const uint64_t hello[2] = {MAGIC, model->units};
    send(hello, sizeof hello);

    Session session{*model, argc > 2 ? argv[2] : nullptr};
    std::vector<uint64_t> in, out;
    for (;;) {
        uint64_t head[3];
        if (!receive(head, sizeof head, true)) break;
        if (head[0] != MAGIC || head[2] == 0 || head[2] > model->units) die("request", "is not one");
        std::vector<uint64_t> rest(head[2] + 3);
        receive(rest.data(), rest.size() * 8, false);
        const uint64_t *range = rest.data() + head[2], rows = range[1];
        std::vector<uint32_t> units;
        size_t words = 0;
        for (size_t i = 0; i < head[2]; ++i) {
            if (rest[i] >= model->units) die("request", "names no unit");
            units.push_back(static_cast<uint32_t>(rest[i]));
            words += model->unit[rest[i]].output_words * rows;
            if (model->unit[units[i]].input_class != model->unit[units[0]].input_class) die("request", "mixes inputs");
        }
        const NgUnit& lead = model->unit[units[0]];
        if (head[1] == 1) {
            count(lead, range[0], rows, in);
        } else {
            in.resize(rows * lead.input_words);
            receive(in.data(), in.size() * 8, false);
        }
        out.resize(words);
        std::vector<uint64_t*> places;
        size_t at = 0;
        for (uint32_t u : units) {
            places.push_back(out.data() + at);
            at += model->unit[u].output_words * rows;
        }
        session.run(units, range[0], rows, range[2], in.data(), places);
        send(&MAGIC, sizeof MAGIC);
        send(out.data(), out.size() * 8);
    }
    if (session.instance) model->destroy(session.instance);  // also completes the waves
    return 0;
}
