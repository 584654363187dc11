// Colours, numbers and units that all charts share.

/** Okabe and Ito's palette, distinguishable by colour-blind readers; its black and yellow fail on dark or white paper. */
const light = ['#0072B2', '#D55E00', '#009E73', '#CC79A7', '#E69F00', '#56B4E9', '#7A6A00', '#6B6B6B'];
const dark = ['#4FA8E0', '#F0793A', '#22BF92', '#DC94BC', '#F0B232', '#8CCBF2', '#D8CB4A', '#A8A8A8'];
const symbols = ['circle', 'rect', 'triangle', 'diamond',
  'path://M0,-10L3,-3L10,-3L4.5,2L6.5,10L0,5L-6.5,10L-4.5,2L-10,-3L-3,-3Z',  // star
  'path://M-3.5,-10L3.5,-10L3.5,-3.5L10,-3.5L10,3.5L3.5,3.5L3.5,10L-3.5,10L-3.5,3.5L-10,3.5L-10,-3.5L-3.5,-3.5Z',  // plus
  'path://M-10,-8L10,-8L0,10Z',  // triangle on its tip
  'path://M-10,0L-5,-9L5,-9L10,0L5,9L-5,9Z'];
const dashes = ['solid', [7, 3], [2, 2], [9, 3, 2, 3]];

export const themes = {
  light: { dark: false, ink: '#1c2330', soft: '#5b6575', line: '#d9dee6', paper: '#ffffff', colours: light,
           compute: '#3f5873', receive: '#93b7d6', exchange: '#d8b25c', idle: '#e8ebf0', failed: '#b3261e',
           ramp: ['#f4f6f9', '#bcd3e6', '#7fa9cc', '#3f79a8', '#153a5e'] },
  dark: { dark: true, ink: '#e8ecf2', soft: '#9aa5b5', line: '#333c49', paper: '#171c24', colours: dark,
          compute: '#9fb6ce', receive: '#4d7ba3', exchange: '#b98f34', idle: '#2a323e', failed: '#ff7b72',
          ramp: ['#1d242e', '#234866', '#2f70a0', '#6aa5d1', '#d5e8f7'] },
};

export const colour = (theme, method) => theme.colours[method % theme.colours.length];
export const symbol = (method) => symbols[method % symbols.length];
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

export const yAxis = (theme, name, more = {}) => axis(theme, name, { nameGap: 44, ...more });

/** What every chart starts from. */
export function frame(theme, more = {}) {
  return {
    animation: false, backgroundColor: 'transparent', color: theme.colours,
    textStyle: { fontFamily: 'system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif', color: theme.ink },
    aria: { enabled: true },
    grid: { left: 62, right: 22, top: 38, bottom: 48 },
    legend: { type: 'scroll', top: 0, left: 0, itemWidth: 18, itemHeight: 9, itemGap: 16, icon: 'roundRect',
              textStyle: { color: theme.ink, fontSize: 12 }, pageTextStyle: { color: theme.soft },
              pageIconColor: theme.ink, pageIconInactiveColor: theme.line },
    tooltip: { backgroundColor: theme.paper, borderColor: theme.line, textStyle: { color: theme.ink, fontSize: 12 }, confine: true },
    ...more,
  };
}

export const name = (scale, text) => (scale.unit ? `${text} [${scale.unit}]` : text);
