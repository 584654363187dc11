#include "sim/learn/kernels/product.hpp"

#include <stdexcept>

#ifdef MSFUSION_ONEDNN
#include <dlfcn.h>

#include <algorithm>
#include <dnnl.hpp>

namespace msfusion {

namespace {

// Measured with OpenBLAS 0.3.21 and oneDNN 2.6.3 on AVX-512, 10 to 640 rows and 64 to 12544 terms. Up to a million
// multiplications OpenBLAS packs nothing. Beyond, oneDNN is 1.0 to 2.8 times as fast; where the second matrix is
// transposed, only with few rows or many columns, and not for long sums in one piece.
constexpr std::int64_t kSmall = 1'000'000, kFewRows = 16, kManyColumns = 96, kTerms = 768;

bool suits_onednn(bool b_transposed, std::int64_t rows, std::int64_t columns, std::int64_t terms) {
  const bool small = rows * columns * terms <= kSmall;
  if (!b_transposed) return !small;
  const bool few = rows < kFewRows, many = columns >= kManyColumns;
  return small ? few && many : few || many;
}

char order(const Matrix& matrix) {
  return matrix.transposed ? 'T' : 'N';
}

// The matrix without its first `terms`: columns of a left factor, rows of a right one.
Matrix without(const Matrix& matrix, std::int64_t terms, bool are_columns) {
  const std::int64_t step = matrix.transposed == are_columns ? matrix.row : 1;
  return {matrix.values + terms * step, matrix.row, matrix.transposed};
}

void multiply_by_onednn(const Matrix& a, const Matrix& b, std::int64_t rows, std::int64_t columns, std::int64_t terms,
                        const Target& out, float factor, float keep) {
  const std::int64_t piece = b.transposed && rows >= kFewRows ? kTerms : terms;
  for (std::int64_t first = 0; first < terms; first += piece) {
    const Matrix from_a = without(a, first, true), from_b = without(b, first, false);
    if (dnnl_sgemm(order(a), order(b), rows, columns, std::min(piece, terms - first), factor, from_a.values, a.row,
                   from_b.values, b.row, first > 0 ? 1 : keep, out.values, out.row) != dnnl_success)
      throw std::runtime_error("oneDNN could not multiply two matrices");
  }
}

// LibTorch's BLAS. The system chooses which one that is, so it is looked up at run time.
using Sgemm = void (*)(const char*, const char*, const int*, const int*, const int*, const float*, const float*,
                       const int*, const float*, const int*, const float*, float*, const int*);

Sgemm blas() {
  static const auto found = reinterpret_cast<Sgemm>(dlsym(RTLD_DEFAULT, "sgemm_"));
  return found;
}

// BLAS stores matrices by columns: everything is transposed.
void multiply_by_blas(const Matrix& a, const Matrix& b, std::int64_t rows, std::int64_t columns, std::int64_t terms,
                      const Target& out, float factor, float keep) {
  const char order_a = order(a), order_b = order(b);
  const int m = static_cast<int>(columns), n = static_cast<int>(rows), k = static_cast<int>(terms);
  const int row_a = static_cast<int>(a.row), row_b = static_cast<int>(b.row), row_out = static_cast<int>(out.row);
  blas()(&order_b, &order_a, &m, &n, &k, &factor, b.values, &row_b, a.values, &row_a, &keep, out.values, &row_out);
}

}  // namespace

void multiply(const Matrix& a, const Matrix& b, std::int64_t rows, std::int64_t columns, std::int64_t terms,
              const Target& out, float factor, float keep) {
  if (blas() == nullptr || suits_onednn(b.transposed, rows, columns, terms))
    multiply_by_onednn(a, b, rows, columns, terms, out, factor, keep);
  else
    multiply_by_blas(a, b, rows, columns, terms, out, factor, keep);
}

bool can_multiply() {
  return true;
}

bool ignores_alignment() {
  return blas() == nullptr || dlsym(RTLD_DEFAULT, "openblas_get_config") != nullptr;
}

}  // namespace msfusion

#else

namespace msfusion {

void multiply(const Matrix&, const Matrix&, std::int64_t, std::int64_t, std::int64_t, const Target&, float, float) {
  throw std::logic_error("products are oneDNN's");
}

bool can_multiply() {
  return false;
}

bool ignores_alignment() {
  return false;
}

}  // namespace msfusion

#endif
