// What libFuzzer feeds with made-up bytes: a reader of the program's each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace msfusion {

/// A reader may find its input good, or refuse it with UserError or RunError. Everything else is a bug: another
/// exception, a signal, a sanitizer's complaint, or memory that the input's size does not explain.
using Harness = void (*)(const std::uint8_t* bytes, std::size_t count);

void fuzz_scenario(const std::uint8_t* bytes, std::size_t count);    ///< a scenario file
void fuzz_idx(const std::uint8_t* bytes, std::size_t count);         ///< length of the labels (2 bytes), labels, images
void fuzz_cifar(const std::uint8_t* bytes, std::size_t count);       ///< 10 or 100 (1 byte), one file
void fuzz_text(const std::uint8_t* bytes, std::size_t count);        ///< words or characters (1 byte), one file
void fuzz_peer_graph(const std::uint8_t* bytes, std::size_t count);  ///< nodes (1 byte), a GraphML file
void fuzz_checkpoint(const std::uint8_t* bytes, std::size_t count);  ///< a checkpoint file
void fuzz_model(const std::uint8_t* bytes, std::size_t count);       ///< a model file
void fuzz_arrays(const std::uint8_t* bytes, std::size_t count);      ///< an .npz with both splits
void fuzz_onnx(const std::uint8_t* bytes, std::size_t count);        ///< an ONNX file
void fuzz_csv(const std::uint8_t* bytes, std::size_t count);         ///< a table
void fuzz_store(const std::uint8_t* bytes, std::size_t count);       ///< run.sqlite

struct NamedHarness {
  const char* name;  ///< of its folder in tests/fuzz/corpus
  Harness run;
};
constexpr NamedHarness kHarnesses[] = {
    {"scenario", fuzz_scenario},
    {"idx", fuzz_idx},
    {"cifar", fuzz_cifar},
    {"text", fuzz_text},
    {"peer_graph", fuzz_peer_graph},
    {"checkpoint", fuzz_checkpoint},
    {"store", fuzz_store},
    {"model", fuzz_model},
    {"arrays", fuzz_arrays},
    {"onnx", fuzz_onnx},
    {"csv", fuzz_csv},
};

/// Writes the bytes to a file of this process in memory, where the system has such a place, and returns its path.
std::string as_file(const std::string& name, const std::uint8_t* bytes, std::size_t count);

}  // namespace msfusion
