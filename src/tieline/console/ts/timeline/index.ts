// Lanes over time: spans and moments as links, zoom by wheel, buttons or keys, a hairline for now.
import { element, icon } from "../core/dom";
import { format, moved, ticks, zoomed, type Span } from "./scale";

interface Mark {
  readonly at: number;
  readonly until: number | null;
  readonly open: boolean;
  readonly text: string;
  readonly detail: string;
  readonly tone: string;
  readonly href: string;
}
interface Data {
  readonly start: number;
  readonly end: number;
  readonly now: number;
  readonly lanes: readonly { readonly label: string; readonly icon: string; readonly marks: readonly Mark[] }[];
}
const LABEL = 72;
const LONG = 60 * 86_400_000; // Beyond so much, days need their year.
const LANE = 36;
const HEAD = 24;
const SPACE = "http://www.w3.org/2000/svg";

export function mount(host: HTMLElement): () => void {
  const timeline = new Timeline(host, JSON.parse(host.dataset["timeline"] ?? "{}") as Data, host.dataset["zone"] ?? "UTC");
  const size = new ResizeObserver(() => timeline.draw());
  size.observe(host);
  return () => size.disconnect();
}

class Timeline {
  private readonly whole: Span;
  private span: Span;
  private readonly svg = make("svg", { tabindex: "0", role: "group" });
  private readonly range = element("span", "range");
  private width = 0;
  private gutter = 120;

  constructor(host: HTMLElement, private readonly data: Data, private readonly zone: string) {
    this.whole = { from: data.start, to: data.end };
    this.span = this.whole;
    const head = element("div", "timeline-head");
    head.append(this.range, this.buttons());
    host.replaceChildren(head, this.svg);
    this.svg.setAttribute("aria-label", "Timeline. Arrow keys move, plus and minus zoom, zero shows everything.");
    this.svg.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    this.svg.addEventListener("keydown", (event) => this.key(event));
    this.svg.addEventListener("pointerdown", (event) => this.drag(event));
    this.draw();
  }

  draw(): void {
    this.width = this.svg.parentElement?.clientWidth ?? 0;
    if (this.width === 0) return;
    this.gutter = this.width < 520 ? 36 : 120;
    const height = HEAD + this.data.lanes.length * LANE;
    this.svg.setAttribute("width", String(this.width));
    this.svg.setAttribute("height", String(height));
    this.range.textContent = `${this.long(this.span.from)} – ${this.long(this.span.to)}`;
    const focused = document.activeElement?.getAttribute("data-mark");
    this.svg.replaceChildren(...this.background(height), ...this.now(height), ...this.data.lanes.flatMap((lane, row) => this.lane(lane, row)));
    if (focused) this.svg.querySelector<SVGElement>(`[data-mark="${focused}"]`)?.focus();
  }

  private long(at: number): string {
    if (this.span.to - this.span.from > LONG) return format(at, this.zone, { day: "numeric", month: "short", year: "numeric" });
    return format(at, this.zone, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
  }

  private x(at: number): number {
    return this.gutter + ((at - this.span.from) / (this.span.to - this.span.from)) * (this.width - this.gutter);
  }

  private time(x: number): number {
    return this.span.from + ((x - this.gutter) / (this.width - this.gutter)) * (this.span.to - this.span.from);
  }

  private background(height: number): SVGElement[] {
    const drawn: SVGElement[] = [];
    const future = Math.max(this.gutter, this.x(this.data.now));
    if (future < this.width) drawn.push(make("rect", { class: "future", x: future, y: HEAD, width: this.width - future, height: height - HEAD }));
    let clear = 0;
    for (const tick of ticks(this.span, this.width - this.gutter, this.zone)) {
      const x = Math.round(this.x(tick.at)) + 0.5;
      drawn.push(make("line", { class: "grid-line", x1: x, x2: x, y1: HEAD - 6, y2: height }));
      const end = x > this.width - LABEL;
      const left = end ? x - LABEL : x;
      if (left < clear) continue; // It would be written over the one before.
      clear = left + LABEL;
      drawn.push(text(tick.text, { class: tick.isDay ? "tick-text day" : "tick-text", x: end ? x - 4 : x + 4, y: 15, "text-anchor": end ? "end" : "start" }));
    }
    return drawn;
  }

  private now(height: number): SVGElement[] {
    const x = this.x(this.data.now);
    if (x < this.gutter || x > this.width) return [];
    return [make("line", { class: "now-line", x1: x, x2: x, y1: 18, y2: height }), make("circle", { cx: x, cy: 18, r: 2.5, fill: "var(--accent)" })];
  }

  private lane(lane: Data["lanes"][number], row: number): SVGElement[] {
    const top = HEAD + row * LANE;
    const drawn: SVGElement[] = [make("line", { class: "lane-line", x1: 0, x2: this.width, y1: top + 0.5, y2: top + 0.5 })];
    const symbol = make("svg", { x: 12, y: top + 10, width: 16, height: 16, class: "icon" });
    symbol.append(make("use", { href: `${document.body.dataset["sprite"] ?? ""}#${lane.icon}` }));
    drawn.push(symbol);
    if (this.gutter > 60) drawn.push(text(lane.label, { x: 34, y: top + 22 }));
    return [...drawn, ...this.marks(lane.marks, top, row)];
  }

  private marks(marks: readonly Mark[], top: number, row: number): SVGElement[] {
    const spans = marks.filter((mark) => mark.until !== null && mark.until >= this.span.from && mark.at <= this.span.to);
    const moments = marks.filter((mark) => mark.until === null && mark.at >= this.span.from && mark.at <= this.span.to);
    const drawn = spans.map((mark, index) => linked(this.bar(mark, top), [mark], `${row}-s${index}`, this.words([mark])));
    return [...drawn, ...this.near(moments).map((group, index) => linked(this.dot(group, top), group, `${row}-m${index}`, this.words(group)))];
  }

  private bar(mark: Mark, top: number): SVGElement[] {
    const from = Math.max(this.gutter, this.x(mark.at));
    const to = Math.min(this.width, this.x(mark.until ?? mark.at));
    const width = Math.max(4, to - from);
    const shapes = [make("rect", { class: "span", x: from, y: top + 8, width, height: LANE - 16, rx: 3 })];
    if (width > 36) {
      const clip = make("svg", { x: from + 6, y: top + 8, width: width - 10, height: LANE - 16, overflow: "hidden" });
      clip.append(text(mark.text, { class: "span-text", x: 0, y: 14 }));
      shapes.push(clip);
    }
    return shapes;
  }

  private dot(group: readonly Mark[], top: number): SVGElement[] {
    const x = group.reduce((sum, mark) => sum + this.x(mark.at), 0) / group.length;
    const shapes = [make("circle", { class: "moment", cx: x, cy: top + LANE / 2, r: group.length > 1 ? 8 : 5.5 })];
    if (group.length > 1) shapes.push(text(group.length > 99 ? "99+" : String(group.length), { class: "many", "aria-hidden": "true", x, y: top + LANE / 2 + 3.5 }));
    return shapes;
  }

  /** Moments that would overlap stand as one mark with their number. */
  private near(moments: readonly Mark[]): Mark[][] {
    const groups: Mark[][] = [];
    for (const mark of [...moments].sort((a, b) => a.at - b.at)) {
      const first = groups.at(-1)?.[0];
      if (first && this.x(mark.at) - this.x(first.at) < 18) groups.at(-1)?.push(mark);
      else groups.push([mark]);
    }
    return groups;
  }

  private words(group: readonly Mark[]): string {
    const lines = group.slice(0, 6).map((mark) => {
      const until = mark.open ? " – now" : mark.until === null ? "" : ` – ${this.long(mark.until)}`;
      return `${this.long(mark.at)}${until}: ${mark.text}${mark.detail ? ` (${mark.detail})` : ""}`;
    });
    return group.length > 6 ? [...lines, `and ${group.length - 6} more`].join("\n") : lines.join("\n");
  }

  private buttons(): HTMLElement {
    const box = element("span", "line");
    const middle = (): number => (this.span.from + this.span.to) / 2;
    const acts: [string, string, () => void][] = [
      ["plus", "Zoom in", () => this.zoom(0.5, middle())],
      ["minus", "Zoom out", () => this.zoom(2, middle())],
      ["crosshair", "Show everything", () => this.set(this.whole)],
    ];
    for (const [name, label, act] of acts) {
      const button = element("button", "button quiet small icon-only");
      button.type = "button";
      button.setAttribute("aria-label", label);
      button.dataset["tip"] = label;
      button.append(icon(name));
      button.addEventListener("click", act);
      box.append(button);
    }
    return box;
  }

  private set(span: Span): void {
    this.span = span;
    this.draw();
  }

  private zoom(factor: number, about: number): void {
    this.set(zoomed(this.span, this.whole, factor, about));
  }

  private wheel(event: WheelEvent): void {
    if (!event.ctrlKey && !event.shiftKey && Math.abs(event.deltaX) < Math.abs(event.deltaY)) return; // The page scrolls.
    event.preventDefault();
    const length = this.span.to - this.span.from;
    if (event.ctrlKey) this.zoom(event.deltaY > 0 ? 1.25 : 0.8, this.time(event.offsetX));
    else this.set(moved(this.span, this.whole, ((event.deltaX || event.deltaY) / this.width) * length));
  }

  private key(event: KeyboardEvent): void {
    const step = (this.span.to - this.span.from) / 8;
    const middle = (this.span.from + this.span.to) / 2;
    const act = {
      ArrowLeft: () => this.set(moved(this.span, this.whole, -step)),
      ArrowRight: () => this.set(moved(this.span, this.whole, step)),
      "+": () => this.zoom(0.5, middle),
      "=": () => this.zoom(0.5, middle),
      "-": () => this.zoom(2, middle),
      "0": () => this.set(this.whole),
    }[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }

  private drag(down: PointerEvent): void {
    if (down.button !== 0 || (down.target instanceof Element && down.target.closest("a"))) return;
    const begun = this.span;
    const perPixel = (begun.to - begun.from) / (this.width - this.gutter);
    const move = (event: PointerEvent): void => this.set(moved(begun, this.whole, (down.clientX - event.clientX) * perPixel));
    const up = (): void => this.svg.removeEventListener("pointermove", move);
    this.svg.setPointerCapture(down.pointerId);
    this.svg.addEventListener("pointermove", move);
    for (const name of ["pointerup", "pointercancel"]) this.svg.addEventListener(name, up, { once: true });
  }
}

function linked(shapes: readonly SVGElement[], group: readonly Mark[], key: string, words: string): SVGElement {
  const worst = group.find((mark) => mark.tone === "bad") ?? group.find((mark) => mark.tone === "warn") ?? group[0];
  const href = group.length === 1 ? (worst?.href ?? "") : "";
  const holder = make(href ? "a" : "g", { class: `tone-${worst?.tone ?? "off"}`, "data-tip": words, "data-mark": key, "aria-label": words, ...(href ? { href } : { tabindex: "0", role: "img" }) });
  holder.append(...shapes);
  return holder;
}

function make(name: string, attributes: Record<string, string | number>): SVGElement {
  const made = document.createElementNS(SPACE, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  return made;
}

function text(words: string, attributes: Record<string, string | number>): SVGElement {
  const made = make("text", attributes);
  made.textContent = words;
  return made;
}
