// All charts of the report, in the page's order, and what the page and the figures do with each of them.
import * as echarts from 'echarts/core';
import { BarChart, CustomChart, GraphChart, HeatmapChart, LineChart, ScatterChart } from 'echarts/charts';
import { AriaComponent, GridComponent, LegendComponent, MarkLineComponent, TitleComponent, TooltipComponent, VisualMapContinuousComponent } from 'echarts/components';
import { CanvasRenderer, SVGRenderer } from 'echarts/renderers';

import { curveCharts } from './curves.mjs';
import { fleetCharts } from './fleet.mjs';
import { groupCharts } from './groups.mjs';
import { surenessCharts } from './sureness.mjs';
import { timeCharts } from './time.mjs';
import { tradeoffCharts } from './tradeoff.mjs';
import { trainedCharts } from './trained.mjs';

echarts.use([BarChart, CustomChart, GraphChart, HeatmapChart, LineChart, ScatterChart, AriaComponent, GridComponent, LegendComponent,
             MarkLineComponent, TitleComponent, TooltipComponent, VisualMapContinuousComponent, CanvasRenderer, SVGRenderer]);

/**
 * A chart: id, section, height, title(state, data), note?(data), controls?(data, state) -> [{key, label, options: [[value, text]]}], and
 * make(data, state, theme) -> {option, csv, height?, note?} or {empty: why}. `variants` names the control whose every value is a figure.
 */
export const charts = [...surenessCharts, ...groupCharts, ...curveCharts, ...tradeoffCharts, ...timeCharts, ...trainedCharts, ...fleetCharts];
export { echarts };

/** The state with every control at a value that it offers: the first one, or the last where the control says so. */
export function settle(chart, data, state = {}) {
  let settled = { ...state };
  for (let pass = 0; pass < 2; ++pass)  // one control's choice may decide what the next one offers
    for (const control of chart.controls ? chart.controls(data, settled) : []) {
      const values = control.options.map(([value]) => value);
      if (!values.includes(settled[control.key])) settled[control.key] = control.last ? values[values.length - 1] : values[0];
    }
  return settled;
}

/** The chart with its legend on as many lines as it needs, at that width; its grid and height make room for them. */
export function laidOut(made, width) {
  const { option } = made;
  if (!option || !option.legend || option.legend.show === false || !option.grid) return made;
  const names = (option.legend.data ?? option.series.map((one) => one.name)).map((one) => one.name ?? one);
  let lines = 1, used = 0;
  for (const one of names) {
    const wide = option.legend.itemWidth + 5 + 7 * String(one).length + 16;
    if (used > 0 && used + wide > width - 10) { ++lines; used = 0; }
    used += wide;
  }
  if (lines > 4) return made;  // then one line to leaf through
  const more = (lines - 1) * 33;  // a line of text, and the gap that lies between items, too
  return { ...made, height: made.height === undefined ? undefined : made.height + more, more,
           option: { ...option, legend: { ...option.legend, type: 'plain' }, grid: { ...option.grid, top: option.grid.top + more } } };
}

/** The option with its title inside, for a picture that stands alone. */
export function titled(option, title, theme) {
  const grid = option.grid ? { ...option.grid, top: option.grid.top + 34 } : undefined;
  const series = option.grid ? option.series : option.series.map((one) => ({ ...one, top: (one.top ?? 0) + 34 }));
  return { ...option, ...(grid ? { grid } : {}), series, backgroundColor: theme.paper, legend: { ...option.legend, top: 34 },
           title: { text: title, left: 0, top: 2, textStyle: { color: theme.ink, fontSize: 15, fontWeight: 600 } } };
}

/** A standing picture, without a browser. */
export function svgOf(option, width, height) {
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width, height });
  chart.setOption(option);
  const svg = chart.renderToSVGString();
  chart.dispose();
  return svg;
}

/** A cell of text that a spreadsheet would take for a formula gets an apostrophe in front; numbers stay as they are. */
function csvCell(cell) {
  const text = typeof cell === 'string' ? cell.replace(/^[=+\-@\t\r]/, "'$&") : String(cell ?? '');
  return /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
}
export const csvText = (rows) => rows.map((row) => row.map(csvCell).join(',')).join('\n') + '\n';
