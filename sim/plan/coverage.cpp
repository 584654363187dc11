#include "sim/plan/coverage.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace msfusion {

namespace {
std::vector<int> units_of(AxisId axis, const WidthSlice& slice) {
  return axis == kFixed ? std::vector<int>{0} : slice.axes[static_cast<std::size_t>(axis)].units();
}
double real(std::int64_t value) {
  return static_cast<double>(value);
}
}  // namespace

Coverage::Coverage(const Shape& shape) {
  std::map<std::pair<AxisId, AxisId>, std::int64_t> elements;
  for (const ParameterTensor& tensor : shape.tensors) {
    std::vector<AxisId> axes;
    std::int64_t per_cell = 1;
    for (const Dim& dim : tensor.dims) {
      if (dim.axis == kFixed) {
        per_cell *= dim.size;
      } else {
        axes.push_back(dim.axis);
        per_cell *= static_cast<std::int64_t>(dim.outer) * dim.inner;
      }
    }
    assert(axes.size() <= 2);
    axes.resize(2, kFixed);
    elements[{axes[0], axes[1]}] += per_cell;
  }
  const auto units = [&](AxisId axis) { return axis == kFixed ? 1 : shape.axes[static_cast<std::size_t>(axis)].units; };
  for (const auto& [axes, per_cell] : elements) {
    Grid grid{axes.first, axes.second, per_cell, units(axes.first), units(axes.second), {}};
    grid.cells.resize(static_cast<std::size_t>(grid.rows) * static_cast<std::size_t>(grid.columns));
    total_ += per_cell * static_cast<std::int64_t>(grid.cells.size());
    grids_.push_back(std::move(grid));
  }
}

template <class Visit>
void Coverage::visit_cells(const Grid& grid, const WidthSlice& slice, Visit visit) {
  const auto columns = units_of(grid.column_axis, slice);
  for (int row : units_of(grid.row_axis, slice))
    for (int column : columns)
      visit(static_cast<std::size_t>(row) * static_cast<std::size_t>(grid.columns) + static_cast<std::size_t>(column));
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
  for (Grid& grid : grids_)
    for (const Trained& training : trained)
      visit_cells(grid, *training.slice, [&](std::size_t cell) {
        Cell& state = grid.cells[cell];
        if (state.round < round) state = {round, 0};
        state.holders = with_holder(state.holders, training.device);
      });
}

double Coverage::share_trained_in(int round) const {
  std::int64_t count = 0;
  for (const Grid& grid : grids_)
    for (const Cell& cell : grid.cells) count += cell.round == round ? grid.elements_per_cell : 0;
  return real(count) / real(total_);
}

double Coverage::share_trained_ever() const {
  std::int64_t count = 0;
  for (const Grid& grid : grids_)
    for (const Cell& cell : grid.cells) count += cell.round >= 0 ? grid.elements_per_cell : 0;
  return real(count) / real(total_);
}

double Coverage::mean_staleness(int round) const {
  double sum = 0;
  for (const Grid& grid : grids_)
    for (const Cell& cell : grid.cells) sum += real(grid.elements_per_cell) * (round - cell.round);
  return sum / real(total_);
}

std::vector<std::map<NodeId, std::int64_t>> Coverage::stale_parameters(
    const std::vector<WidthSlice>& wanted, const std::vector<const WidthSlice*>& trained) const {
  std::vector<std::map<NodeId, std::int64_t>> by_holder(wanted.size());
  for (const Grid& grid : grids_) {
    std::vector<bool> fresh(grid.cells.size(), false);
    for (const WidthSlice* slice : trained) visit_cells(grid, *slice, [&](std::size_t cell) { fresh[cell] = true; });
    if (std::all_of(fresh.begin(), fresh.end(), [](bool is_fresh) { return is_fresh; })) continue;
    for (std::size_t i = 0; i < wanted.size(); ++i)
      visit_cells(grid, wanted[i], [&](std::size_t cell) {
        if (fresh[cell] || grid.cells[cell].round < 0) return;
        for (const NodeId holder : holders_[static_cast<std::size_t>(grid.cells[cell].holders)])
          by_holder[i][holder] += grid.elements_per_cell;
      });
  }
  return by_holder;
}

}  // namespace msfusion
