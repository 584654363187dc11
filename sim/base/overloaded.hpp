// A visitor made of lambdas, for std::visit over the closed sets of the model.
#pragma once

namespace msfusion {

template <class... Lambdas>
struct Overloaded : Lambdas... {
  using Lambdas::operator()...;
};
template <class... Lambdas>
Overloaded(Lambdas...) -> Overloaded<Lambdas...>;

}  // namespace msfusion
