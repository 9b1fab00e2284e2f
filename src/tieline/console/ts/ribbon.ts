// Availability as a ribbon: one pixel column an interval, unknown hatched; arrows or the pointer read a moment out.
import { colour, element, onTheme } from "./core/dom";
import { toneToken } from "./tones";

const HEIGHT = 28;
/** How high a column stands: the worse, the lower, so that the shape tells it without the colour. */
const LEVELS: Readonly<Record<string, number>> = { ok: 1, busy: 1, off: 1, unknown: 1, held: 0.7, warn: 0.7, bad: 0.45 };
interface State {
  readonly word: string;
  readonly tone: string;
}

export function mount(host: HTMLElement): () => void {
  const states = new Map((host.dataset["states"] ?? "").split(";").filter(Boolean).map((entry): [string, State] => {
    const [key = "", word = "", tone = "unknown"] = entry.split("|");
    return [key, { word, tone }];
  }));
  const intervals = expand(host.dataset["runs"] ?? "");
  const start = Date.parse(host.dataset["start"] ?? "");
  const step = Number(host.dataset["interval"] ?? "60") * 1000;
  const canvas = element("canvas");
  const cursor = element("div", "ribbon-cursor");
  const read = element("p", "ribbon-read");
  cursor.hidden = true;
  host.replaceChildren(canvas, cursor, read);
  host.setAttribute("aria-valuemax", String(Math.max(0, intervals.length - 1)));

  const redraw = (): void => draw(canvas, intervals, states, host.clientWidth);
  let at = intervals.length - 1;
  const show = (index: number): void => {
    at = Math.min(intervals.length - 1, Math.max(0, index));
    const state = states.get(intervals[at] ?? "")?.word ?? "Unknown";
    const time = new Intl.DateTimeFormat("en-GB", { timeZone: host.dataset["zone"] ?? "UTC", dateStyle: "medium", timeStyle: "short" }).format(start + at * step);
    read.textContent = `${time} · ${state}`;
    cursor.hidden = false;
    cursor.style.left = `${((at + 0.5) / intervals.length) * 100}%`;
    host.setAttribute("aria-valuenow", String(at));
    host.setAttribute("aria-valuetext", `${time}, ${state}`);
  };
  const hide = (): void => {
    cursor.hidden = true;
    read.textContent = "";
  };
  const keys = (event: KeyboardEvent): void => {
    const far = Math.max(1, Math.round(intervals.length / 20));
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, PageUp: at - far, PageDown: at + far, Home: 0, End: intervals.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    show(to);
  };
  host.addEventListener("pointermove", (event) => show(Math.floor(((event.clientX - host.getBoundingClientRect().left) / host.clientWidth) * intervals.length)));
  host.addEventListener("pointerleave", hide);
  host.addEventListener("blur", hide);
  host.addEventListener("focus", () => host.matches(":focus-visible") && show(at));
  host.addEventListener("keydown", keys);
  const size = new ResizeObserver(redraw);
  size.observe(host);
  const stopTheme = onTheme(redraw);
  return () => {
    size.disconnect();
    stopTheme();
  };
}

function expand(runs: string): string[] {
  const intervals: string[] = [];
  for (const run of runs.split(" ").filter(Boolean)) {
    const [key = "", count = "0"] = run.split(":");
    for (let i = Number(count); i > 0; i -= 1) intervals.push(key);
  }
  return intervals;
}

/** With more intervals than pixels a column shows the worst of those it stands for: a short break is never lost. */
function draw(canvas: HTMLCanvasElement, intervals: readonly string[], states: ReadonlyMap<string, State>, width: number): void {
  const ratio = devicePixelRatio;
  canvas.width = Math.max(1, Math.round(width * ratio));
  canvas.height = HEIGHT * ratio;
  const context = canvas.getContext("2d");
  if (!context) return;
  const worstFirst = ["bad", "warn", "held", "unknown", "busy", "ok", "off"];
  const rank = (key: string): number => worstFirst.indexOf(states.get(key)?.tone ?? "unknown");
  const fills = new Map([...states].map(([key, { tone }]) => [key, tone === "unknown" ? hatch(context, ratio) : colour(toneToken(tone))]));
  const ground = colour("sunken");
  const alarm = colour("bad-bg");
  for (let x = 0; x < canvas.width; x += 1) {
    const from = Math.floor((x / canvas.width) * intervals.length);
    const to = Math.max(from + 1, Math.floor(((x + 1) / canvas.width) * intervals.length));
    let worst = intervals[from] ?? "";
    for (let i = from + 1; i < to; i += 1) {
      const key = intervals[i] ?? "";
      if (rank(key) < rank(worst)) worst = key;
    }
    const level = LEVELS[states.get(worst)?.tone ?? "unknown"] ?? 1;
    context.fillStyle = level < 0.5 ? alarm : ground;
    context.fillRect(x, 0, 1, canvas.height);
    context.fillStyle = fills.get(worst) ?? ground;
    context.fillRect(x, canvas.height * (1 - level), 1, canvas.height * level);
  }
}

function hatch(context: CanvasRenderingContext2D, ratio: number): CanvasPattern | string {
  const size = 6 * ratio;
  const tile = element("canvas");
  tile.width = size;
  tile.height = size;
  const pen = tile.getContext("2d");
  if (!pen) return colour("unknown-fill");
  pen.fillStyle = colour("sunken");
  pen.fillRect(0, 0, size, size);
  pen.strokeStyle = colour("unknown-fill");
  pen.lineWidth = 1.2 * ratio;
  for (const shift of [-size, 0, size]) {
    pen.beginPath();
    pen.moveTo(shift, size);
    pen.lineTo(shift + size, 0);
    pen.stroke();
  }
  return context.createPattern(tile, "repeat") ?? colour("unknown-fill");
}
