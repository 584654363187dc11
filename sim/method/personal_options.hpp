// What is a device's own: a model beside the one that it trains with others, or tensors that it never sends.
#pragma once

#include <array>
#include <string>
#include <utility>

#include "sim/base/choice.hpp"
#include "sim/base/vocabulary.hpp"
#include "sim/shape/shape.hpp"

namespace msfusion {

enum class PersonalKind { none, model, head, norms };

struct PersonalRow : Choice<PersonalKind> {
  bool trains_copy;  ///< a second model, as long again
  bool hides;        ///< tensors that are trained and not sent
};

inline constexpr std::array<PersonalRow, 4> kPersonals{{
    {{PersonalKind::none, "none", "nothing: every device uses what is trained together"}, false, false},
    {{PersonalKind::model, "model", "a model that it trains beside the other, which pulls it (Ditto)"}, true, false},
    {{PersonalKind::head, "head", "the last layers (FedPer)"}, false, true},
    {{PersonalKind::norms, "norms", "the parameters of all norms (FedBN)"}, false, true},
}};

struct PersonalChoice {
  PersonalKind kind = PersonalKind::none;
  int head_layers = 1;  ///< head: the last so many layers that have parameters
  double pull = 1;      ///< model: lambda, the weight of lambda / 2 |v - w_start|^2
};

inline const PersonalRow& facts_of(PersonalKind kind) {
  return row_of(kPersonals, kind);
}

struct Method;

/// Marks the tensors that stay with each device. Throws UserError at that line where the model has fewer layers.
void keep_private(Shape& shape, const PersonalChoice& personal, int line);

/// The vocabulary of <method> with the attributes of this choice behind it.
Vocabulary<Method> with_personal(Vocabulary<Method> vocabulary);

/// Why the method's other choices do not go with what is a device's own, and what would; empty when they do.
std::pair<std::string, std::string> personal_contradiction(const Method& method);

}  // namespace msfusion
