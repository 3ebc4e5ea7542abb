// Included by the generated glue of every compiled model, after the model's own header.
#ifndef NARROWGEN_MODEL_H
#define NARROWGEN_MODEL_H
#include "abi.h"
#if VM_TRACE
#include "verilated_vcd_c.h"
#endif

// Moves whole rows to and from ports. Verilator keeps up to 64 bits in one integer, and more in
// an array of 32-bit words.
template <typename Port>
static inline void ng_put(Port& port, const uint64_t* word, size_t halves) {
    for (size_t i = 0; i < halves; ++i) port[i] = static_cast<uint32_t>(word[i / 2] >> (i % 2 * 32));
}
template <typename Port>
static inline void ng_take(const Port& port, uint64_t* word, size_t halves) {
    for (size_t i = 0; i < halves; i += 2)
        word[i / 2] = port[i] | (i + 1 < halves ? static_cast<uint64_t>(port[i + 1]) << 32 : 0);
}

// A model with its context, so that every one starts from the same first state.
struct NgInstance {
    VerilatedContext context;
    NG_TOP top;
#if VM_TRACE
    VerilatedVcdC* trace = nullptr;
#endif
    explicit NgInstance(const char* file) : top(&context, "tb") {
#if VM_TRACE
        if (file && *file) {
            context.traceEverOn(true);
            trace = new VerilatedVcdC;
            top.trace(trace, 99);
            trace->open(file);
        }
#else
        (void)file;
#endif
    }
    void eval() {
        top.eval();
#if VM_TRACE
        if (trace) trace->dump(context.time());
        context.timeInc(1);
#endif
    }
    ~NgInstance() {
        top.final();
#if VM_TRACE
        if (trace) {
            trace->close();
            delete trace;
        }
#endif
    }
};

static void* ng_create(const char* file) { return new NgInstance(file); }
static void ng_destroy(void* m) { delete static_cast<NgInstance*>(m); }
static void ng_eval(void* m) { static_cast<NgInstance*>(m)->eval(); }

template <typename Unit>
static void ng_set(void* m, const uint64_t* row) {
    Unit::set(static_cast<NgInstance*>(m)->top, row);
}
template <typename Unit>
static void ng_get(void* m, uint64_t* row) {
    Unit::get(static_cast<NgInstance*>(m)->top, row);
}
template <typename Unit>
static void ng_clock(void* m, int level) {
    Unit::clock(static_cast<NgInstance*>(m)->top, level);
}
template <typename Unit>
static void ng_set_reset(void* m, int level) {
    Unit::set_reset(static_cast<NgInstance*>(m)->top, level);
}
template <typename Unit>
static void ng_batch(void* m, const uint64_t* in, uint64_t* out, size_t rows) {
    auto& instance = *static_cast<NgInstance*>(m);
    for (; rows; --rows, in += Unit::input_words, out += Unit::output_words) {
        Unit::set(instance.top, in);
        instance.eval();
        Unit::get(instance.top, out);
    }
}
template <typename Unit>
static constexpr NgUnit ng_unit() {
    return {Unit::input_class, Unit::input_words, Unit::output_words, Unit::clocked, Unit::reset, Unit::memory, Unit::inputs,
            Unit::input_bits, ng_set<Unit>, ng_get<Unit>, ng_clock<Unit>, ng_set_reset<Unit>, ng_batch<Unit>};
}
#endif
