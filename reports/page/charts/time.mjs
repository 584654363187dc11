// Where the simulated time goes: a round's timeline, shares per device kind, and whom the rounds waited for.
import { axis, colour, escapeHtml, frame, name, round3, rowAxis, rowGrid, scaleOf } from './look.mjs';

const methodControl = (data) => ({ key: 'method', label: 'Method', options: data.details.map((one) => [String(one.method), data.methods[one.method].label]) });
const detailOf = (data, state) => data.details.find((one) => String(one.method) === state.method);
export const devicesOf = (data, state) => data.devices.find((one) => String(one.method) === state.method).list;

const doing = [['computes', 'compute', 1], ['sends', 'send', 2], ['receives', 'receive', 4], ['switched off', 'off', 8]];
const mostRows = 60;

/** A node's round as bars {text, value: [row, from, to, part, parts]}: where it does several things at once, they share the height. */
function bars(row, index) {
  const list = [], spans = row[2];
  for (let i = 0; i < spans.length; i += 3) {
    const now = doing.filter(([, , bit]) => spans[i] & bit);
    now.forEach(([text], part) => list.push({ text, value: [index, spans[i + 1], spans[i + 2], part, now.length] }));
  }
  return list;
}

export const lane = (theme, key) => (params, api) => {
  const from = api.coord([api.value(1), api.value(0)]), to = api.coord([api.value(2), api.value(0)]);
  const height = Math.max(3, api.size([0, 1])[1] * 0.7), part = height / api.value(4);
  return { type: 'rect', shape: { x: from[0], y: from[1] - height / 2 + part * api.value(3), width: Math.max(0.5, to[0] - from[0]), height: part }, style: { fill: theme[key] } };
};

/** A step of the critical path as a line: along a row while its node computes, from row to row while a message is under way. */
const chain = (theme) => (params, api) => {
  const [x1, y1] = api.coord([api.value(1), api.value(0)]), [x2, y2] = api.coord([api.value(2), api.value(3)]);
  const line = (stroke, lineWidth) => ({ type: 'line', shape: { x1, y1, x2, y2 }, style: { stroke, lineWidth, lineCap: 'round' } });
  return { type: 'group', children: [line(theme.paper, 5), line(theme.path, 2.4)] };
};

function timeline(data, state, theme) {
  const detail = detailOf(data, state);
  const round = detail && (detail.timeline.find((one) => String(one.round) === state.round) || detail.timeline[detail.timeline.length - 1]);
  if (!round) return { empty: 'No finished round yet.' };
  if (round.rows.length === 0) return { empty: 'Nobody did anything in this round.' };
  const names = Object.fromEntries(devicesOf(data, state).map((device) => [device.id, device.name]));
  const label = (id) => names[id] ?? `device ${id}`;
  const onPath = new Set(round.steps.flatMap(([from, to]) => [from, to]));
  // Whoever the round waited for is drawn, however many others there are.
  let shown = round.rows;
  if (shown.length > mostRows) {
    let rest = mostRows - shown.filter((row) => onPath.has(row[0])).length;
    shown = shown.filter((row) => onPath.has(row[0]) || rest-- > 0).slice(0, mostRows);
  }
  const at = new Map(shown.map((row, index) => [row[0], index]));
  const scale = scaleOf('seconds', round.length), clock = scaleOf('seconds', round.start);
  const all = shown.flatMap((row, index) => bars(row, index));
  const csv = [['method', 'round', 'device', 'what', 'from_seconds', 'to_seconds']];
  const method = data.methods[detail.method].label;
  for (const row of round.rows)
    for (const { text, value } of bars(row, 0)) csv.push([method, round.round, label(row[0]), text, round.start + value[1], round.start + value[2]]);
  for (const [from, to, start, end] of round.steps)
    csv.push([method, round.round, label(from), from === to ? 'critical path: computes' : `critical path: sends to ${label(to)}`, round.start + start, round.start + end]);

  const scaled = (value) => [value[0], value[1] / scale.factor, value[2] / scale.factor, ...value.slice(3)];
  const steps = round.steps.filter(([from, to]) => at.has(from) && at.has(to)).map(([from, to, start, end]) => [at.get(from), start / scale.factor, end / scale.factor, at.get(to), from, to]);
  const lost = shown.map((row, index) => [row, index]).filter(([row]) => ['failed', 'late', 'skipped'].includes(row[1]))
    .map(([row, index]) => [(row[2].length ? row[2][row[2].length - 1] : 0) / scale.factor, index, row[1]]);
  const rowNames = shown.map((row) => label(row[0]));
  const option = frame(theme, {
    xAxis: axis(theme, name(scale, theme.narrow ? 'Simulated time in the round' : `Simulated time since the round began (at ${round3(round.start / clock.factor)} ${clock.unit})`), { min: 0, max: round.length / scale.factor }),
    yAxis: rowAxis(theme, rowNames, { interval: shown.length > 40 ? 'auto' : 0 }), grid: rowGrid(theme, rowNames),
    series: [
      { name: 'idle', type: 'custom', silent: true, itemStyle: { color: theme.idle }, renderItem: lane(theme, 'idle'), encode: { x: [1, 2], y: 0 }, tooltip: { show: false },
        data: shown.map((_, index) => [index, 0, round.length / scale.factor, 0, 1]) },
      ...doing.filter(([text]) => text !== 'switched off' || all.some((bar) => bar.text === text)).map(([text, key]) => ({
        name: text, type: 'custom', itemStyle: { color: theme[key] }, renderItem: lane(theme, key), encode: { x: [1, 2], y: 0 }, data: all.filter((bar) => bar.text === text).map((bar) => scaled(bar.value)) })),
      ...(lost.length ? [{ name: 'failed or late', type: 'scatter', symbol: 'path://M-8,-10L0,-3L8,-10L10,-8L3,0L10,8L8,10L0,3L-8,10L-10,8L-3,0L-10,-8Z', symbolSize: 11, z: 6, itemStyle: { color: theme.failed, borderColor: theme.paper, borderWidth: 0.5 }, data: lost }] : []),
      ...(steps.length ? [{ name: 'critical path', type: 'custom', clip: true, z: 5, itemStyle: { color: theme.path }, renderItem: chain(theme), encode: { x: [1, 2], y: 0 }, data: steps }] : []),
    ],
  });
  option.xAxis.axisLabel.formatter = (v) => round3(v);
  option.tooltip = { ...option.tooltip, trigger: 'item', formatter: (p) => {
    if (p.seriesName === 'failed or late') return `${escapeHtml(label(shown[p.value[1]][0]))}: <b>${escapeHtml(p.value[2])}</b>`;
    const times = `<b>${round3(p.value[2] - p.value[1])} ${scale.unit}</b><br>${round3(p.value[1])} to ${round3(p.value[2])} ${scale.unit}`;
    if (p.seriesName === 'critical path') return `${p.marker}critical path<br>${escapeHtml(label(p.value[4]))} ${p.value[4] === p.value[5] ? 'computes' : `to ${escapeHtml(label(p.value[5]))}`}: ${times}`;
    const [id, fate] = shown[p.value[0]];
    return `${escapeHtml(label(id))}${fate ? ` (${escapeHtml(fate)})` : ''}<br>${p.marker}${p.seriesName}: ${times}`;
  } };
  const hidden = round.rows.length - shown.length, idle = devicesOf(data, state).length - round.rows.length;
  const path = round.path.length > 400 ? `${round.path.slice(0, 380)} ...` : round.path;
  return { option, csv, height: 110 + Math.max(5, shown.length) * (shown.length > 30 ? 16 : 21),
           note: `${path ? `The round waited for: ${path}.` : ''}${idle > 0 ? ` ${idle} ${idle === 1 ? 'node was' : 'nodes were'} idle for the whole round.` : ''}${hidden > 0 ? ` ${hidden} further nodes are not drawn.` : ''}` };
}

/** All kinds of devices that worked, or one of them. */
export const kindControl = (data) => ({ key: 'kind', label: 'Of', options: [['', 'all devices'],
  ...[...new Set(data.devices.flatMap((one) => one.list.filter((device) => device.rounds).map((device) => device.kind)))].map((kind) => [kind, kind])] });

/** [{method, values}] with `values` of each method's devices of the chosen kind, where there are any. */
export const byMethod = (data, state, values) => data.devices
  .map(({ method, list }) => ({ method, own: list.filter((device) => device.rounds && (!state.kind || device.kind === state.kind)) }))
  .filter(({ own }) => own.length > 0).map(({ method, own }) => ({ method, values: values(own) }));

/** One bar a row, its parts as shares of their sum. rows: [{label, values}] */
export function stacked(theme, rows, parts, text, first = 'method') {
  const sum = (values) => values.reduce((a, b) => a + b, 0);
  const usable = rows.filter(({ values }) => sum(values) > 0);
  if (usable.length === 0) return { empty: 'No finished round yet.' };
  const labels = usable.map(({ label }) => label);
  const kept = parts.map((part, i) => [...part, i]).filter(([, , i]) => usable.some(({ values }) => values[i] > 0));
  const option = frame(theme, {
    xAxis: axis(theme, text, { max: 100 }), grid: rowGrid(theme, labels), yAxis: rowAxis(theme, labels),
    series: kept.map(([part, key, i]) => ({ name: part, type: 'bar', stack: 'all', barMaxWidth: 22, barCategoryGap: '30%',
                                            itemStyle: { color: theme[key] }, data: usable.map(({ values }) => 100 * values[i] / sum(values)) })),
  });
  option.tooltip = { ...option.tooltip, trigger: 'axis', axisPointer: { type: 'shadow' }, valueFormatter: (v) => `${round3(v)} %` };
  return { option, height: 110 + usable.length * 32, csv: [[first, ...parts.map(([part]) => part)], ...usable.map(({ label, values }) => [label, ...values])] };
}

const timeParts = [['computes', 'compute'], ['sends', 'send'], ['receives', 'receive'], ['sends and receives', 'both'], ['idle', 'idle'], ['switched off', 'off']];

function shares(data, state, theme) {
  const total = (list) => timeParts.map((_, i) => list.reduce((sum, device) => sum + device.time[i], 0));
  const timed = (list) => list.filter((device) => !device.server && device.time);
  if (state.of === '') return stacked(theme, data.devices.map(({ method, list }) => ({ label: data.methods[method].label, values: total(timed(list)) })), timeParts, 'Share of the simulated time [%]');
  const own = timed(devicesOf(data, { method: state.of }));
  const rows = [...new Set(own.map((device) => device.kind))].map((kind) => ({ label: kind, values: total(own.filter((device) => device.kind === kind)) }));
  return stacked(theme, rows, timeParts, 'Share of the simulated time [%]', 'kind');
}

function stragglers(data, state, theme) {
  const list = devicesOf(data, state).filter((device) => device.critical > 0).sort((a, b) => b.critical - a.critical).slice(0, 15);
  if (list.length === 0) return { empty: 'No critical device was recorded.' };
  const names = list.map((device) => device.name);
  const all = devicesOf(data, state).reduce((sum, device) => sum + (device.critical || 0), 0);
  const option = frame(theme, {
    xAxis: axis(theme, 'Rounds, all seeds', { minInterval: 1 }),
    yAxis: rowAxis(theme, names), grid: rowGrid(theme, names, { right: 60, top: 12 }),
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
  {
    id: 'shares', section: 'time', height: 300, variants: 'of',
    title: (state, data) => (state.of === '' ? 'How the devices spent their time' : `How each kind of device spent its time under ${data.methods[Number(state.of)].label}`),
    note: () => 'All rounds and seeds, without the server and devices that never took part.',
    controls: (data) => [{ key: 'of', label: 'Show', select: true, options: [['', 'all devices, by method'], ...methodControl(data).options.map(([value, text]) => [value, `${text}, by kind of device`])] }],
    make: shares,
  },
  { id: 'stragglers', section: 'time', height: 280, title: () => 'Devices that rounds waited for', controls: (data) => [methodControl(data)], make: stragglers },
];
export { methodControl, detailOf };
