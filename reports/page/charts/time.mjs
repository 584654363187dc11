// Where the simulated time goes: a round's timeline, shares per device kind, and whom the rounds waited for.
import { axis, colour, escapeHtml, frame, name, round3, scaleOf } from './look.mjs';

const methodControl = (data) => ({ key: 'method', label: 'Method', options: data.details.map((one) => [String(one.method), data.methods[one.method].label]) });
const detailOf = (data, state) => data.details.find((one) => String(one.method) === state.method);
export const devicesOf = (data, state) => data.devices.find((one) => String(one.method) === state.method).list;

const phases = [['receives the model', 'receive'], ['computes', 'compute'], ['exchanges, or waits for it', 'exchange'], ['idle', 'idle'], ['failed or late', 'failed']];

/** A device's round as [phase, from, to], seconds since the round began. */
function segments(row, length) {
  const [, start, computeStart, computeEnd, exchangeEnd, fate] = row;
  const list = [];
  const add = (phase, from, to) => { if (to > from) list.push([phase, from, to]); };
  const begin = start ?? computeStart;
  if (begin === null) { add(fate === 'done' ? 3 : 4, 0, length); return list; }
  add(3, 0, begin);
  if (computeStart !== null) add(0, begin, computeStart);
  if (computeStart !== null && computeEnd !== null) add(1, computeStart, computeEnd);
  const after = computeEnd ?? computeStart ?? begin;
  if (exchangeEnd !== null) add(2, after, exchangeEnd);
  add(fate === 'done' || fate === 'in flight' ? 3 : 4, exchangeEnd ?? after, length);
  return list;
}

function timeline(data, state, theme) {
  const detail = detailOf(data, state);
  const round = detail && (detail.timeline.find((one) => String(one.round) === state.round) || detail.timeline[detail.timeline.length - 1]);
  if (!round || round.rows.length === 0) return { empty: 'No finished round yet.' };
  const names = Object.fromEntries(devicesOf(data, state).map((device) => [device.id, device.name]));
  const scale = scaleOf('seconds', round.length), clock = scaleOf('seconds', round.start);
  const shown = round.rows.slice(0, 60);
  const label = (id) => names[id] ?? `device ${id}`;
  const rows = [], csv = [['method', 'round', 'device', 'phase', 'from_seconds', 'to_seconds']];
  shown.forEach((row, index) => segments(row, round.length).forEach(([phase, from, to]) => {
    rows.push({ phase, value: [index, from / scale.factor, to / scale.factor, label(row[0]), phases[phase][0], row[5]] });
    csv.push([data.methods[detail.method].label, round.round, label(row[0]), phases[phase][0], round.start + from, round.start + to]);
  }));
  const option = frame(theme, {
    xAxis: axis(theme, name(scale, `Simulated time since the round began (at ${round3(round.start / clock.factor)} ${clock.unit})`), { min: 0, max: round.length / scale.factor }),
    yAxis: { type: 'category', inverse: true, data: shown.map((row) => (row[0] === round.critical ? '★ ' : '') + label(row[0])),
             axisLine: { lineStyle: { color: theme.line } }, axisTick: { show: false },
             axisLabel: { color: theme.ink, fontSize: 11, interval: shown.length > 40 ? 'auto' : 0, width: 112, overflow: 'truncate' } },
    grid: { left: 128, right: 22, top: 38, bottom: 48 },
    series: phases.map(([text, key], phase) => ({
      name: text, type: 'custom', itemStyle: { color: theme[key] },
      renderItem: (params, api) => {
        const from = api.coord([api.value(1), api.value(0)]), to = api.coord([api.value(2), api.value(0)]);
        const height = Math.max(2, api.size([0, 1])[1] * 0.66);
        return { type: 'rect', shape: { x: from[0], y: from[1] - height / 2, width: Math.max(0.5, to[0] - from[0]), height },
                 style: { fill: theme[key] } };
      },
      encode: { x: [1, 2], y: 0 }, data: rows.filter((row) => row.phase === phase).map((row) => row.value),
    })),
  });
  option.xAxis.axisLabel.formatter = (v) => round3(v);
  option.tooltip = { ...option.tooltip, trigger: 'item',
    formatter: (p) => `${escapeHtml(p.value[3])} (${escapeHtml(p.value[5])})<br>${p.marker}${p.value[4]}: <b>${round3(p.value[2] - p.value[1])} ${scale.unit}</b><br>${round3(p.value[1])} to ${round3(p.value[2])} ${scale.unit}` };
  const hidden = round.rows.length - shown.length;
  return { option, csv, height: 110 + Math.max(6, shown.length) * 20,
           note: `${round.path ? `★ critical path: ${round.path}.` : ''}${hidden > 0 ? ` ${hidden} further devices are not drawn.` : ''}` };
}

/** All kinds of devices that worked, or one of them. */
export const kindControl = (data) => ({ key: 'kind', label: 'Of', options: [['', 'all devices'],
  ...[...new Set(data.devices.flatMap((one) => one.list.filter((device) => device.rounds).map((device) => device.kind)))].map((kind) => [kind, kind])] });

/** [{method, values}] with `values` of each method's devices of the chosen kind, where there are any. */
export const byMethod = (data, state, values) => data.devices
  .map(({ method, list }) => ({ method, own: list.filter((device) => device.rounds && (!state.kind || device.kind === state.kind)) }))
  .filter(({ own }) => own.length > 0).map(({ method, own }) => ({ method, values: values(own) }));

/** One bar a method, its parts as shares of their sum. */
export function stacked(theme, data, rows, parts, text) {
  const usable = rows.filter(({ values }) => values.reduce((a, b) => a + b, 0) > 0);
  if (usable.length === 0) return { empty: 'No finished round yet.' };
  const share = ({ values }, i) => 100 * values[i] / values.reduce((a, b) => a + b, 0);
  const option = frame(theme, {
    xAxis: axis(theme, text, { max: 100 }), grid: { left: 128, right: 26, top: 38, bottom: 48 },
    yAxis: { type: 'category', inverse: true, data: usable.map(({ method }) => data.methods[method].label), axisTick: { show: false },
             axisLine: { lineStyle: { color: theme.line } }, axisLabel: { color: theme.ink, fontSize: 11, width: 112, overflow: 'truncate' } },
    series: parts.map(([part, key], i) => ({ name: part, type: 'bar', stack: 'all', barMaxWidth: 22, barCategoryGap: '30%',
                                             itemStyle: { color: theme[key] }, data: usable.map((row) => share(row, i)) })),
  });
  option.tooltip = { ...option.tooltip, trigger: 'axis', axisPointer: { type: 'shadow' }, valueFormatter: (v) => `${round3(v)} %` };
  return { option, height: 110 + usable.length * 32,
           csv: [['method', ...parts.map(([part]) => part)], ...usable.map((row) => [data.methods[row.method].label, ...row.values])] };
}

function shares(data, state, theme) {
  const rows = byMethod(data, state, (list) => ['busy', 'exchange', 'idle'].map((key) => list.reduce((sum, device) => sum + device[key], 0)));
  return stacked(theme, data, rows, [['computes', 'compute'], ['exchanges', 'exchange'], ['idle', 'idle']], 'Share of the simulated time [%]');
}

function stragglers(data, state, theme) {
  const list = devicesOf(data, state).filter((device) => device.critical > 0).sort((a, b) => b.critical - a.critical).slice(0, 15);
  if (list.length === 0) return { empty: 'No critical device was recorded.' };
  const all = devicesOf(data, state).reduce((sum, device) => sum + (device.critical || 0), 0);
  const option = frame(theme, {
    xAxis: axis(theme, 'Rounds that waited for it, all seeds', { minInterval: 1 }),
    yAxis: { type: 'category', inverse: true, data: list.map((device) => device.name), axisTick: { show: false },
             axisLine: { lineStyle: { color: theme.line } }, axisLabel: { color: theme.ink, fontSize: 11, width: 112, overflow: 'truncate' } },
    grid: { left: 128, right: 60, top: 12, bottom: 48 },
    series: [{ type: 'bar', name: 'rounds', barMaxWidth: 18, itemStyle: { color: colour(theme, Number(state.method)) },
               label: { show: true, position: 'right', color: theme.soft, formatter: (p) => `${round3(100 * p.value / all)} %` },
               data: list.map((device) => device.critical) }],
  });
  option.legend = { show: false };
  option.tooltip = { ...option.tooltip, trigger: 'item', formatter: (p) => `${escapeHtml(p.name)}: <b>${p.value}</b> of ${all} rounds` };
  return { option, csv: [['device', 'kind', 'rounds'], ...list.map((device) => [device.name, device.kind, device.critical])], height: 90 + list.length * 24 };
}

export const timeCharts = [
  {
    id: 'timeline', section: 'time', height: 320,
    title: (state) => `What each device did in round ${state.round}`,
    controls: (data, state) => {
      const detail = detailOf(data, state) || data.details[0];
      return [methodControl(data), { key: 'round', label: 'Round', slider: true, options: (detail ? detail.timeline : []).map((one) => [String(one.round), String(one.round)]), last: true }];
    },
    make: timeline,
  },
  { id: 'shares', section: 'time', height: 300, title: () => 'How the devices spent their time', controls: (data) => [kindControl(data)], make: shares },
  { id: 'stragglers', section: 'time', height: 280, title: () => 'Which devices the rounds waited for', controls: (data) => [methodControl(data)], make: stragglers },
];
export { methodControl, detailOf };
