// Values over time, drawn by uPlot; reads the nearest values out beneath the cursor.
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { colour, element, number, onTheme } from "./core/dom";
import { toneToken } from "./tones";

interface ChartData {
  readonly times: readonly number[];
  readonly series: readonly { readonly label: string; readonly tone: string; readonly values: readonly (number | null)[] }[];
  readonly unit: string;
  readonly limit: number | null;
  readonly limitLabel: string;
}

export function mount(host: HTMLElement): (() => void) | undefined {
  let data = JSON.parse(host.dataset["chart"] ?? "{}") as ChartData;
  const height = Number(host.dataset["height"] ?? "200");
  if (data.times.length === 0) {
    const empty = element("p", "chart-empty", "No values in this span yet.");
    empty.style.height = `${height}px`;
    host.replaceChildren(empty);
    return undefined;
  }
  const read = element("p", "chart-read");
  const canvas = element("div");
  host.replaceChildren(canvas, read);
  let plot = draw(canvas, read, data, height, host.dataset["zone"] ?? "UTC");

  const again = (): void => {
    plot.destroy();
    plot = draw(canvas, read, data, height, host.dataset["zone"] ?? "UTC");
  };
  const size = new ResizeObserver(() => plot.setSize({ width: canvas.clientWidth, height }));
  size.observe(canvas);
  const stopTheme = onTheme(again);
  const every = Number(host.dataset["every"] ?? "0");
  const href = host.dataset["href"];
  const timer = href && every > 0 ? setInterval(() => void refresh(), every * 1000) : 0;
  async function refresh(): Promise<void> {
    const answer = await fetch(href ?? "", { headers: { Accept: "application/json" } }).catch(() => null);
    if (!answer?.ok) return; // The next turn tries again; the chart keeps what it knows.
    data = (await answer.json()) as ChartData;
    plot.setData(aligned(data));
  }
  return () => {
    clearInterval(timer);
    size.disconnect();
    stopTheme();
    plot.destroy();
  };
}

const aligned = (data: ChartData): uPlot.AlignedData => [[...data.times], ...data.series.map((one) => [...one.values])];

function draw(canvas: HTMLElement, read: HTMLElement, data: ChartData, height: number, zone: string): uPlot {
  const quiet = colour("text-3");
  const axis: uPlot.Axis = {
    stroke: quiet,
    font: "11px Inter, sans-serif",
    grid: { stroke: colour("line"), width: 1 },
    ticks: { show: false },
  };
  const options: uPlot.Options = {
    width: canvas.clientWidth,
    height,
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), zone),
    cursor: { y: false, points: { size: 6 }, drag: { x: false, y: false } },
    legend: { show: false },
    scales: { y: { range: (_, low, high) => [Math.min(0, low), Math.max(high, data.limit ?? 0) * 1.08 || 1] } },
    axes: [{ ...axis, size: 28, space: 72, grid: { show: false }, values: (_, splits) => splits.map((at) => clock(at, splits, zone)) }, { ...axis, size: 48, values: (_, splits) => splits.map((value) => (value === null ? "" : number(value, decimals((splits[1] ?? 1) - (splits[0] ?? 0))))) }],
    series: [
      {},
      ...data.series.map((one): uPlot.Series => ({
        label: one.label,
        stroke: colour(toneToken(one.tone)),
        width: 1.5,
        spanGaps: false,
        points: { show: false },
      })),
    ],
    hooks: { draw: [(plot) => drawLimit(plot, data)], setCursor: [(plot) => readOut(plot, read, data, zone)] },
  };
  const plot = new uPlot(options, aligned(data), canvas);
  readOut(plot, read, data, zone);
  return plot;
}

/** How many decimals tell one step from the next: none from 1 on. */
function decimals(step: number): number {
  return step > 0 && step < 1 ? Math.min(6, Math.ceil(-Math.log10(step))) : 0;
}

/** 08:31, with seconds when ticks are closer than a minute, and the day where a day begins. */
function clock(at: number, splits: readonly number[], zone: string): string {
  const step = (splits[1] ?? at) - (splits[0] ?? at);
  const format = (options: Intl.DateTimeFormatOptions): string => new Intl.DateTimeFormat("en-GB", { timeZone: zone, ...options }).format(at * 1000);
  const time = format({ hour: "2-digit", minute: "2-digit", ...(step < 60 ? { second: "2-digit" } : {}) });
  return step >= 86_400 || time === "00:00" ? format({ day: "numeric", month: "short" }) : time;
}

function drawLimit(plot: uPlot, data: ChartData): void {
  if (data.limit === null) return;
  const y = plot.valToPos(data.limit, "y", true);
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.strokeStyle = colour("warn-fill");
  ctx.fillStyle = colour("warn-fg");
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash([5 * devicePixelRatio, 4 * devicePixelRatio]);
  ctx.beginPath();
  ctx.moveTo(bbox.left, y);
  ctx.lineTo(bbox.left + bbox.width, y);
  ctx.stroke();
  ctx.font = `${11 * devicePixelRatio}px Inter, sans-serif`;
  ctx.textAlign = "right";
  ctx.textBaseline = "bottom";
  ctx.fillText(data.limitLabel, bbox.left + bbox.width, y - 3 * devicePixelRatio);
  ctx.restore();
}

function readOut(plot: uPlot, read: HTMLElement, data: ChartData, zone: string): void {
  const last = data.times.length - 1;
  const index = plot.cursor.idx ?? last;
  const at = new Date((data.times[index] ?? 0) * 1000);
  // A sum of a day has no hour.
  const isDaily = (data.times[1] ?? 0) - (data.times[0] ?? 0) >= 86_400;
  const hours: Intl.DateTimeFormatOptions = isDaily ? { year: "numeric" } : { hour: "2-digit", minute: "2-digit", second: "2-digit" };
  const time = new Intl.DateTimeFormat("en-GB", { timeZone: zone, day: "numeric", month: "short", ...hours }).format(at);
  read.replaceChildren(element("span", "quiet", time));
  for (const one of data.series) {
    const value = one.values[index];
    const item = element("span", `tone-${one.tone} chart-value`);
    item.append(element("span", "swatch"), `${one.label} ${value === null || value === undefined ? "–" : number(value, Number.isInteger(value) ? 0 : Math.max(1, decimals(Math.abs(value)) + 1))}`);
    read.append(item);
  }
}
