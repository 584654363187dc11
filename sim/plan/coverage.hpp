// Which elements of the model were trained, when, and by whom - without touching a parameter.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "sim/base/ids.hpp"
#include "sim/shape/shape.hpp"
#include "sim/shape/slice.hpp"

namespace msfusion {

/// Every element of a tensor that follows axes a and b at units (i, j) is trained together. Units of an axis that every
/// slice so far held or left out alike are one class, so the state of a whole model is a small grid of classes per pair
/// of axes that occurs: its size follows from how many different slices there were, not from the model's width.
/// Random subsets of a wide model cut it into ever more classes: from the round on in which they would take more than
/// 20 million cells (120 MB) coverage is not followed any more.
class Coverage {
 public:
  explicit Coverage(const Shape& shape);

  /// A training that really took place.
  struct Trained {
    NodeId device;
    const WidthSlice* slice;
  };
  void mark(int round, const std::vector<Trained>& trained);

  /// The round whose slices were too many to follow; none: all is known. Figures are absent from then on.
  std::optional<int> lost_in() const { return lost_in_; }

  std::optional<double> share_trained_in(int round) const;  ///< of all parameters, in [0, 1]
  std::optional<double> share_trained_ever() const;

  /// For each of `wanted`, the parameters that none of `trained` covers, by device that trained them last, in rounds
  /// marked so far. Where several trained a parameter in its last round it counts for each of them: no device needed it
  /// since, so none of them got the others' values, and only all of them together have the mean. Those never trained
  /// are left out: every device can derive them from the seed. Throws RunError where coverage is not followed any more.
  std::vector<std::map<NodeId, std::int64_t>> stale_parameters(const std::vector<WidthSlice>& wanted,
                                                               const std::vector<const WidthSlice*>& trained);

  /// Mean age in rounds of the parameters at the end of `round`: 0 for just trained; never trained ones count from
  /// round -1.
  std::optional<double> mean_staleness(int round) const;

 private:
  struct Cell {
    int round = -1;
    int holders = 0;  // into holders_
  };
  struct Classes {
    std::vector<int> of_unit;
    std::vector<std::int64_t> sizes;  // units of each class
  };
  struct Grid {
    int block;                     // kNoBlock: elements that every slice keeps in depth
    AxisId row_axis, column_axis;  // kFixed: a single row or column
    std::int64_t elements_per_unit_pair;
    std::vector<std::vector<Cell>> cells;  // [class of the row axis][class of the column axis]
  };

  Classes& classes(AxisId axis) { return classes_[static_cast<std::size_t>(axis - kFixed)]; }
  const Classes& classes(AxisId axis) const { return classes_[static_cast<std::size_t>(axis - kFixed)]; }
  void separate(const WidthSlice& slice);  // so that each class is in the slice or outside of it as a whole
  void divide(AxisId axis, int old_class);
  using HeldClasses = std::vector<std::vector<int>>;  // of kFixed, then of each axis
  std::vector<int> classes_in(AxisId axis, const WidthSlice& slice) const;
  HeldClasses classes_in(const WidthSlice& slice) const;
  std::int64_t elements(const Grid& grid, std::size_t row, std::size_t column) const;
  template <class Visit>
  void visit_cells(const Grid& grid, const HeldClasses& held, Visit visit) const;
  bool is_too_large() const;
  template <class Weight>
  std::optional<double> mean(
      Weight weight) const;  // over all parameters, of weight(round in which each was trained last)

  int with_holder(int holders, NodeId device);

  std::vector<Classes> classes_;  // of kFixed, then of each axis
  std::vector<Grid> grids_;
  std::vector<std::vector<NodeId>> holders_ = {{}};       // sets of devices that trained a cell in the same round
  std::map<std::pair<int, NodeId>, int> larger_holders_;  // (set, device) -> the set with the device
  std::int64_t total_ = 0;
  std::int64_t cells_ = 0;  // of all grids
  std::optional<int> lost_in_;
};

}  // namespace msfusion
