// What a compiled model offers to the runner: plain data and function pointers.
#ifndef NARROWGEN_ABI_H
#define NARROWGEN_ABI_H
#include <cstddef>
#include <cstdint>

// One simulated module. Rows are 64-bit words, ports in declared order, each port in whole words,
// low word first; see `hdl::rows`.
struct NgUnit {
    uint32_t input_class;   // units of one class share their input ports
    uint32_t input_words;   // words per input row
    uint32_t output_words;  // words per output row
    uint32_t clocked;       // has a clock
    uint32_t reset;         // has a reset that brings back the first state
    uint32_t memory;        // has a memory, which reset does not clear
    uint32_t inputs;        // number of input ports
    const uint32_t* input_bits;
    void (*set)(void* model, const uint64_t* row);
    void (*get)(void* model, uint64_t* row);
    void (*clock)(void* model, int level);
    void (*set_reset)(void* model, int level);
    // Rows of a combinational unit, in one loop.
    void (*batch)(void* model, const uint64_t* in, uint64_t* out, size_t rows);
};

struct NgModel {
    uint32_t units;
    const NgUnit* unit;
    void* (*create)(const char* trace_file);
    void (*destroy)(void* model);
    void (*eval)(void* model);
};
#endif
