#include "sim/plan/coverage.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <tuple>
#include <utility>

#include "sim/base/error.hpp"

namespace msfusion {

namespace {
constexpr std::int64_t kMostCells = 15'000'000;

double real(std::int64_t value) {
  return static_cast<double>(value);
}
}  // namespace

Coverage::Coverage(const Shape& shape) {
  classes_.push_back({{0}, {1}});
  for (const Axis& axis : shape.axes)
    classes_.push_back({std::vector<int>(static_cast<std::size_t>(axis.units), 0), {axis.units}});
  std::map<std::tuple<int, AxisId, AxisId>, std::int64_t> elements_of;  // by block and axes
  for (const ParameterTensor& tensor : shape.tensors) {
    if (!tensor.is_trained) continue;
    std::vector<AxisId> axes;
    std::int64_t per_pair = 1;
    int block = kNoBlock;
    for (const Dim& dim : tensor.dims) {
      block = std::max(block, dim.block);
      if (dim.axis == kFixed) {
        per_pair *= dim.size;
      } else {
        axes.push_back(dim.axis);
        per_pair *= static_cast<std::int64_t>(dim.outer) * dim.inner;
      }
    }
    assert(axes.size() <= 2);
    axes.resize(2, kFixed);
    elements_of[{block, axes[0], axes[1]}] += per_pair;
  }
  for (const auto& [place, per_pair] : elements_of) {
    const auto& [block, row_axis, column_axis] = place;
    grids_.push_back({block, row_axis, column_axis, per_pair, {{Cell{}}}});
    ++cells_;
    total_ += elements(grids_.back(), 0, 0);
  }
}

std::int64_t Coverage::elements(const Grid& grid, std::size_t row, std::size_t column) const {
  return grid.elements_per_unit_pair * classes(grid.row_axis).sizes[row] * classes(grid.column_axis).sizes[column];
}

// Makes the newest class of the axis a copy of an old one.
void Coverage::divide(AxisId axis, int old_class) {
  const auto old = static_cast<std::size_t>(old_class);
  for (const Grid& grid : grids_) {
    if (grid.row_axis == axis) cells_ += static_cast<std::int64_t>(grid.cells.front().size());
    if (grid.column_axis == axis) cells_ += static_cast<std::int64_t>(grid.cells.size());
  }
  if (is_too_large()) return;
  for (Grid& grid : grids_) {
    if (grid.row_axis == axis) grid.cells.push_back(std::vector<Cell>(grid.cells[old]));
    if (grid.column_axis != axis) continue;
    for (std::vector<Cell>& row : grid.cells) row.push_back(Cell(row[old]));
  }
}

bool Coverage::is_too_large() const {
  return cells_ > kMostCells;
}

void Coverage::separate(const WidthSlice& slice) {
  for (std::size_t index = 0; index < slice.axes.size() && !is_too_large(); ++index) {
    const auto axis = static_cast<AxisId>(index);
    Classes& all = classes(axis);
    const IndexSet& set = slice.axes[index];
    if (set.length() == static_cast<int>(all.of_unit.size())) continue;
    std::vector<std::int64_t> inside(all.sizes.size(), 0);
    for (int i = 0; i < set.length(); ++i)
      ++inside[static_cast<std::size_t>(all.of_unit[static_cast<std::size_t>(set.unit(i))])];
    std::vector<int> moves_to(inside.size());
    bool moves = false;
    for (std::size_t old = 0; old < inside.size(); ++old) {
      moves_to[old] = static_cast<int>(old);
      if (inside[old] == 0 || inside[old] == all.sizes[old]) continue;
      moves = true;
      moves_to[old] = static_cast<int>(all.sizes.size());
      all.sizes[old] -= inside[old];
      all.sizes.push_back(inside[old]);
      divide(axis, static_cast<int>(old));
    }
    for (int i = 0; moves && i < set.length(); ++i) {
      int& mine = all.of_unit[static_cast<std::size_t>(set.unit(i))];
      mine = moves_to[static_cast<std::size_t>(mine)];
    }
  }
}

std::vector<int> Coverage::classes_in(AxisId axis, const WidthSlice& slice) const {
  const Classes& all = classes(axis);
  const IndexSet& set = slice.axes[static_cast<std::size_t>(axis)];
  const bool is_whole = set.length() == static_cast<int>(all.of_unit.size());
  std::vector<bool> held(all.sizes.size(), is_whole);
  for (int i = 0; !is_whole && i < set.length(); ++i)
    held[static_cast<std::size_t>(all.of_unit[static_cast<std::size_t>(set.unit(i))])] = true;
  std::vector<int> found;
  for (std::size_t one = 0; one < held.size(); ++one)
    if (held[one]) found.push_back(static_cast<int>(one));
  return found;
}

Coverage::HeldClasses Coverage::classes_in(const WidthSlice& slice) const {
  HeldClasses held{{0}};
  for (std::size_t axis = 0; axis < slice.axes.size(); ++axis)
    held.push_back(classes_in(static_cast<AxisId>(axis), slice));
  return held;
}

template <class Visit>
void Coverage::visit_cells(const Grid& grid, const HeldClasses& held, Visit visit) const {
  if (grid.block != kNoBlock) {
    const int kept = classes_.back().of_unit[static_cast<std::size_t>(grid.block)];
    if (std::find(held.back().begin(), held.back().end(), kept) == held.back().end()) return;
  }
  const std::vector<int>& columns = held[static_cast<std::size_t>(grid.column_axis - kFixed)];
  for (const int row : held[static_cast<std::size_t>(grid.row_axis - kFixed)])
    for (const int column : columns) visit(static_cast<std::size_t>(row), static_cast<std::size_t>(column));
}

// Few different sets occur, and many cells have each.
int Coverage::with_holder(int holders, NodeId device) {
  const auto [known, is_new] = larger_holders_.try_emplace({holders, device}, static_cast<int>(holders_.size()));
  if (!is_new) return known->second;
  std::vector<NodeId> devices = holders_[static_cast<std::size_t>(holders)];
  if (std::find(devices.begin(), devices.end(), device) == devices.end()) devices.push_back(device);
  holders_.push_back(std::move(devices));
  return known->second;
}

void Coverage::mark(int round, const std::vector<Trained>& trained) {
  if (lost_in_) return;
  for (const Trained& training : trained) separate(*training.slice);
  if (is_too_large()) {
    lost_in_ = round;
    grids_.clear();
    return;
  }
  for (const Trained& training : trained) {
    const HeldClasses held = classes_in(*training.slice);
    for (Grid& grid : grids_)
      visit_cells(grid, held, [&](std::size_t row, std::size_t column) {
        Cell& state = grid.cells[row][column];
        if (state.round < round) state = {round, 0};
        state.holders = with_holder(state.holders, training.device);
      });
  }
}

template <class Weight>
std::optional<double> Coverage::mean(Weight weight) const {
  if (lost_in_) return {};
  double sum = 0;
  for (const Grid& grid : grids_)
    for (std::size_t row = 0; row < grid.cells.size(); ++row)
      for (std::size_t column = 0; column < grid.cells[row].size(); ++column)
        sum += real(elements(grid, row, column)) * weight(grid.cells[row][column].round);
  return sum / real(total_);
}

std::optional<double> Coverage::share_trained_in(int round) const {
  return mean([&](int last) { return last == round ? 1.0 : 0.0; });
}

std::optional<double> Coverage::share_trained_ever() const {
  return mean([](int last) { return last >= 0 ? 1.0 : 0.0; });
}

std::optional<double> Coverage::mean_staleness(int round) const {
  return mean([&](int last) { return static_cast<double>(round - last); });
}

std::vector<std::map<NodeId, std::int64_t>> Coverage::stale_parameters(const std::vector<WidthSlice>& wanted,
                                                                       const std::vector<const WidthSlice*>& trained) {
  for (const WidthSlice& slice : wanted) separate(slice);
  for (const WidthSlice* slice : trained) separate(*slice);
  if (is_too_large())
    throw RunError(fmt::format(
        "which device holds which parameters cannot be followed any more: the slices so far cut the model into "
        "more than {} parts; a narrower model, windows instead of random subsets, or fewer rounds",
        kMostCells));
  std::vector<HeldClasses> wanted_classes, trained_classes;
  for (const WidthSlice& slice : wanted) wanted_classes.push_back(classes_in(slice));
  for (const WidthSlice* slice : trained) trained_classes.push_back(classes_in(*slice));
  std::vector<std::map<NodeId, std::int64_t>> by_holder(wanted.size());
  for (const Grid& grid : grids_) {
    const std::size_t columns = grid.cells.front().size();
    std::vector<bool> fresh(grid.cells.size() * columns, false);
    for (const HeldClasses& held : trained_classes)
      visit_cells(grid, held, [&](std::size_t row, std::size_t column) { fresh[row * columns + column] = true; });
    if (std::all_of(fresh.begin(), fresh.end(), [](bool is_fresh) { return is_fresh; })) continue;
    for (std::size_t i = 0; i < wanted.size(); ++i)
      visit_cells(grid, wanted_classes[i], [&](std::size_t row, std::size_t column) {
        const Cell& cell = grid.cells[row][column];
        if (fresh[row * columns + column] || cell.round < 0) return;
        for (const NodeId holder : holders_[static_cast<std::size_t>(cell.holders)])
          by_holder[i][holder] += elements(grid, row, column);
      });
  }
  return by_holder;
}

}  // namespace msfusion
