// Products of float matrices, by the library that measured fastest for their sizes.
#pragma once

#include <cstdint>

namespace msfusion {

/// A matrix as it lies in memory, or its transpose.
struct Matrix {
  const float* values;
  std::int64_t row;  ///< elements from one row in memory to the next
  bool transposed = false;
};

/// Where a product goes.
struct Target {
  float* values;
  std::int64_t row;
};

/// out = factor a b + keep out: `rows` x `columns` sums of `terms`. On AVX-512 OpenBLAS multiplies small matrices
/// without packing them; for larger ones oneDNN is faster, up to twice for the few rows of a small batch. The sizes
/// alone decide, so equal sizes give equal bits in every thread that called use_one_thread(). Some of oneDNN's kernels
/// use the stack pointer for data: a signal handler may run on the calling thread only on a stack of its own.
void multiply(const Matrix& a, const Matrix& b, std::int64_t rows, std::int64_t columns, std::int64_t terms,
              const Target& out, float factor = 1, float keep = 0);

/// Whether this build has multiply(), which needs oneDNN.
bool can_multiply();

/// Whether results are equal to the last bit wherever in memory a matrix begins. OpenBLAS and oneDNN, which LibTorch
/// uses on Debian, promise that; other libraries promise it for aligned matrices only.
bool ignores_alignment();

}  // namespace msfusion
