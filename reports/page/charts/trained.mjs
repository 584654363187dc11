// What was trained: each axis of the model over the rounds, and whose windows overlap.
import { axis, escapeHtml, frame, round3, rowAxis, rowGrid } from './look.mjs';
import { detailOf, devicesOf, methodControl } from './time.mjs';

/** About a dozen labels, whatever the number of categories. */
export const category = (theme, text, values, more = {}) => {
  const made = axis(theme, text, { type: 'category', data: values, splitLine: { show: false }, ...more });
  made.axisLabel = { ...made.axisLabel, interval: Math.ceil(values.length / 14) - 1 };
  made.axisTick = { show: false };
  return made;
};

export function heat(theme, cells, largest, text) {
  const option = frame(theme, {
    ...text.axes, legend: { show: false }, grid: { left: 62, right: theme.narrow ? 78 : 100, top: 14, bottom: 48 },
    visualMap: { min: 0, max: largest, calculable: false, orient: 'vertical', right: 0, top: 'middle', itemHeight: 150, itemWidth: 12,
                 inRange: { color: theme.ramp }, text: [`${round3(largest)} ${text.legend}`, '0'], textStyle: { color: theme.soft, fontSize: 11 }, precision: text.precision ?? 0 },
    series: [{ type: 'heatmap', data: cells, progressive: 0, itemStyle: { borderWidth: 0 }, emphasis: { itemStyle: { borderColor: theme.ink, borderWidth: 1 } } }],
  });
  option.tooltip = { ...option.tooltip, trigger: 'item', formatter: text.tooltip };
  return option;
}

export const trainedCharts = [
  {
    id: 'axes', section: 'trained', height: 360, canvas: true,
    title: () => 'How many devices trained each unit, by round',
    controls: (data, state) => {
      const detail = detailOf(data, state) || data.details[0];
      return [methodControl(data), { key: 'axis', label: 'Axis', options: (detail ? detail.axes : []).map((one) => [one.axis, one.axis]) }];
    },
    make: (data, state, theme) => {
      const detail = detailOf(data, state);
      const one = detail && (detail.axes.find((a) => a.axis === state.axis) || detail.axes[0]);
      if (!one) return { empty: 'No coverage was recorded.' };
      const width = one.units / one.bins;
      const names = Array.from({ length: one.bins }, (_, i) => String(Math.floor(i * width)));
      const cells = [], csv = [['axis', 'round', 'from_unit', 'devices_mean']];
      let largest = 1;
      one.values.forEach((line, x) => line.forEach((value, y) => {
        cells.push([x, y, value]);
        csv.push([one.axis, one.rounds[x], names[y], value]);
        largest = Math.max(largest, value);
      }));
      return {
        csv, note: one.never > 0 ? `${one.never} of ${one.units} units of this axis were never trained.` : `Each of the ${one.units} units was trained at least once.`,
        option: heat(theme, cells, largest, {
          axes: { xAxis: category(theme, 'Round', one.rounds.map(String)), yAxis: category(theme, 'Unit', names, { nameGap: 40 }) }, legend: largest === 1 ? 'device' : 'devices',
          tooltip: (p) => `Round ${one.rounds[p.value[0]]}, unit${width > 1 ? 's from' : ''} ${names[p.value[1]]}<br><b>${round3(p.value[2])}</b> devices${width > 1 ? ', mean' : ''}` }),
      };
    },
  },
  {
    id: 'overlap', section: 'trained', height: 430, canvas: true,
    title: () => 'Whose sub-models overlap',
    note: () => 'Share of the row device’s units that the column device trained in the same round, mean over the axes.',
    controls: (data, state) => {
      const detail = detailOf(data, state) || data.details[0];
      return [methodControl(data), { key: 'at', label: 'Round', options: (detail ? detail.overlap : []).map((one) => [String(one.round), String(one.round)]) }];
    },
    make: (data, state, theme) => {
      const detail = detailOf(data, state);
      const one = detail && (detail.overlap.find((o) => String(o.round) === state.at) || detail.overlap[0]);
      if (!one) return { empty: 'This method’s slices are not windows, or none was recorded.' };
      const names = Object.fromEntries(devicesOf(data, state).map((device) => [device.id, device.name]));
      const labels = one.devices.map((id) => names[id] ?? `device ${id}`);
      const cells = [], csv = [['round', 'device', 'other', 'share']];
      one.values.forEach((line, y) => line.forEach((value, x) => {
        cells.push([x, y, 100 * value]);
        csv.push([one.round, labels[y], labels[x], value]);
      }));
      const option = heat(theme, cells, 100, {
        axes: { xAxis: category(theme, 'Other device', labels), yAxis: rowAxis(theme, labels, { interval: 'auto' }) }, legend: '%',
        tooltip: (p) => `${escapeHtml(labels[p.value[1]])} and ${escapeHtml(labels[p.value[0]])}: <b>${round3(p.value[2])} %</b>` });
      const wide = Math.min(80, 7 * Math.max(...labels.map((one) => one.length))), below = Math.round(0.71 * wide) + 22;
      option.grid = rowGrid(theme, labels, { right: theme.narrow ? 62 : 86, top: 14, bottom: below + 20 });
      Object.assign(option.xAxis, { nameGap: below, axisLabel: { color: theme.soft, fontSize: 11, rotate: 45, width: 80, overflow: 'truncate', interval: 'auto' } });
      return { option, csv };
    },
  },
];
