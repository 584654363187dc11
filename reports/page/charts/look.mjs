// Colours, numbers and units that all charts share.

/** Okabe and Ito's palette, distinguishable by colour-blind readers; its black and yellow fail on dark or white paper. */
const light = ['#0072B2', '#D55E00', '#009E73', '#CC79A7', '#E69F00', '#56B4E9', '#7A6A00', '#6B6B6B'];
const dark = ['#4FA8E0', '#F0793A', '#22BF92', '#DC94BC', '#F0B232', '#8CCBF2', '#D8CB4A', '#A8A8A8'];
/** Paths, because a legend stretches symbols that have names. */
export const diamond = 'path://M0,-10L10,0L0,10L-10,0Z';
const symbols = ['path://M-10,0A10,10,0,1,0,10,0A10,10,0,1,0,-10,0Z', 'path://M-9,-9L9,-9L9,9L-9,9Z', 'path://M0,-10L10,8L-10,8Z', diamond,
  'path://M0,-10L3,-3L10,-3L4.5,2L6.5,10L0,5L-6.5,10L-4.5,2L-10,-3L-3,-3Z',  // star
  'path://M-3.5,-10L3.5,-10L3.5,-3.5L10,-3.5L10,3.5L3.5,3.5L3.5,10L-3.5,10L-3.5,3.5L-10,3.5L-10,-3.5L-3.5,-3.5Z',  // plus
  'path://M-10,-8L10,-8L0,10Z',  // triangle on its tip
  'path://M-10,0L-5,-9L5,-9L10,0L5,9L-5,9Z'];
const dashes = ['solid', [7, 3], [2, 2], [9, 3, 2, 3]];

export const themes = {
  light: { dark: false, ink: '#1c2330', soft: '#5b6575', line: '#d9dee6', paper: '#ffffff', colours: light,
           compute: '#3f5873', send: '#d8a13a', receive: '#8fbce0', both: '#8d8f6a', idle: '#e9ecf1', off: '#a9a4ad', failed: '#b3261e', path: '#c2185b',
           kinds: ['#332288', '#44AA99', '#DDAA33', '#CC6677', '#88CCEE', '#117733', '#AA4499', '#882255'],
           ramp: ['#f4f6f9', '#bcd3e6', '#7fa9cc', '#3f79a8', '#153a5e'] },
  dark: { dark: true, ink: '#e8ecf2', soft: '#9aa5b5', line: '#333c49', paper: '#171c24', colours: dark,
          compute: '#9fb6ce', send: '#c99a3c', receive: '#3f78a8', both: '#8f9568', idle: '#242c37', off: '#5d5663', failed: '#ff7b72', path: '#ff80ab',
          kinds: ['#9d8df0', '#44AA99', '#DDCC77', '#e0808f', '#88CCEE', '#55b06a', '#c77dc0', '#c75a92'],
          ramp: ['#1d242e', '#234866', '#2f70a0', '#6aa5d1', '#d5e8f7'] },
};

const kindSymbols = ['circle', 'rect', 'triangle', 'diamond', 'roundRect', 'pin'];
/** Kinds of devices have a palette of their own (after Tol's muted one), so that no kind looks like a method. */
export const kindLook = (theme, kind) => ({ symbol: kindSymbols[kind % kindSymbols.length], itemStyle: { color: theme.kinds[kind % theme.kinds.length], borderColor: theme.paper, borderWidth: 1 } });

/** A theme on a drawing of that width: charts give up room for labels where there is little. */
export const fitted = (theme, width) => ({ ...theme, width, narrow: width < 520 });

/** Room for the longest of a chart's row names, up to two fifths of its width. */
const nameWidth = (theme, names) => Math.round(Math.min(Math.max(48, 7 * Math.max(0, ...names.map((one) => one.length))), 0.4 * theme.width - 14));

/** Grid and axis of a chart with a row for each name. */
export const rowGrid = (theme, names, more = {}) => ({ left: nameWidth(theme, names) + 14, right: 26, top: 38, bottom: 48, ...more });
export const rowAxis = (theme, names, more = {}) => ({
  type: 'category', inverse: true, data: names, axisTick: { show: false }, axisLine: { lineStyle: { color: theme.line } },
  axisLabel: { color: theme.ink, fontSize: 11, width: nameWidth(theme, names), overflow: 'truncate', ...more } });

export const colour = (theme, method) => theme.colours[method % theme.colours.length];
export const symbol = (method) => symbols[method % symbols.length];
/** Of a point: hollow where the colours begin anew. */
export const filling = (theme, method) => (method < light.length ? { color: colour(theme, method), borderColor: theme.paper, borderWidth: 1 }
                                                                 : { color: theme.paper, borderColor: colour(theme, method), borderWidth: 2 });
export const dash = (method) => dashes[Math.floor(method / light.length) % dashes.length];

const scales = {
  seconds: [['ms', 1e-3], ['s', 1], ['min', 60], ['h', 3600], ['d', 86400]],
  bytes: [['B', 1], ['kB', 1e3], ['MB', 1e6], ['GB', 1e9], ['TB', 1e12]],
  rate: [['B/s', 1], ['kB/s', 1e3], ['MB/s', 1e6], ['GB/s', 1e9]],
  joules: [['J', 1], ['kJ', 1e3], ['MJ', 1e6], ['GJ', 1e9]],
  flops: [['FLOP/s', 1], ['MFLOP/s', 1e6], ['GFLOP/s', 1e9], ['TFLOP/s', 1e12]],
  usd: [['USD', 1]],
  share: [['%', 0.01]],
  none: [['', 1]],
};

/** The largest unit in which the largest value is at least 2. */
export function scaleOf(dimension, largest) {
  const list = scales[dimension];
  let chosen = list[0];
  for (const scale of list) if (largest >= 2 * scale[1]) chosen = scale;
  return { unit: chosen[0], factor: chosen[1] };
}

export function round3(value) {
  if (value === null || value === undefined || !Number.isFinite(value)) return '–';
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size >= 1e6 || size < 1e-4) return value.toExponential(2);
  return String(Number(value.toPrecision(size >= 1000 ? 4 : 3)));
}

export const escapeHtml = (text) => String(text).replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);

export function axis(theme, name, more = {}) {
  return {
    type: 'value', name, nameLocation: 'middle', nameGap: 30,
    nameTextStyle: { color: theme.soft, fontSize: 12 },
    axisLine: { lineStyle: { color: theme.line } }, axisTick: { lineStyle: { color: theme.line } },
    axisLabel: { color: theme.soft, hideOverlap: true, fontSize: 11 },
    splitLine: { lineStyle: { color: theme.line, opacity: 0.6 } },
    ...more,
  };
}

/** An interval that reaches beyond what a quantity can be is cut at zero, and at 100 % of a share. */
export const possible = (dimension) => ({ min: ({ min }) => (min < 0 ? 0 : null), max: ({ max }) => (dimension === 'share' && max > 100 ? 100 : null) });

export const yAxis = (theme, name, more = {}) => axis(theme, name, { nameGap: 44, ...more });

/** What every chart starts from. */
export function frame(theme, more = {}) {
  return {
    animation: false, backgroundColor: 'transparent', color: theme.colours,
    textStyle: { fontFamily: "system-ui, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif", color: theme.ink },
    aria: { enabled: true },
    grid: { left: 62, right: 22, top: 38, bottom: 48 },
    legend: { type: 'scroll', top: 0, left: 0, itemWidth: 22, itemHeight: 9, itemGap: 16,
              textStyle: { color: theme.ink, fontSize: 12, lineHeight: 17 }, pageTextStyle: { color: theme.soft },
              pageIconColor: theme.ink, pageIconInactiveColor: theme.line },
    tooltip: { backgroundColor: theme.paper, borderColor: theme.line, textStyle: { color: theme.ink, fontSize: 12 }, confine: true },
    ...more,
  };
}

export const name = (scale, text) => (scale.unit ? `${text} [${scale.unit}]` : text);
