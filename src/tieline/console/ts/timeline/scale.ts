// The time axis: which moments get a tick, and what the tick says.

export interface Span {
  readonly from: number;
  readonly to: number;
}
const MINUTE = 60_000;
const STEPS = [1, 5, 15, 30, 60, 180, 360, 720, 1440, 2880, 10_080, 20_160, 43_200].map((minutes) => minutes * MINUTE);

const MONTH = 30 * 1440 * MINUTE;
const MONTHLY_FROM = 14 * 1440 * MINUTE;

export interface Tick {
  readonly at: number;
  readonly text: string;
  readonly isDay: boolean;
}

/** Ticks at whole local times, about one per 90 pixels. */
export function ticks(span: Span, width: number, zone: string): Tick[] {
  const wanted = (span.to - span.from) / Math.max(1, width / 90);
  if (wanted > MONTHLY_FROM) return months(span, wanted, zone);
  const step = STEPS.find((one) => one >= wanted) ?? STEPS.at(-1) ?? MINUTE;
  const shift = offset(span.from, zone);
  const first = Math.ceil((span.from + shift) / step) * step - shift;
  const found: Tick[] = [];
  for (let at = first; at <= span.to; at += step) {
    const isDay = (at + shift) % (1440 * MINUTE) === 0;
    const text = format(at, zone, isDay ? { weekday: "short", day: "numeric", month: "short" } : { hour: "2-digit", minute: "2-digit" });
    found.push({ at, text, isDay });
  }
  return found;
}

/** Over many months: ticks where months begin, each with its year. */
function months(span: Span, wanted: number, zone: string): Tick[] {
  const step = [1, 2, 3, 6, 12].find((one) => one * MONTH >= wanted) ?? 24;
  const first = new Date(span.from + offset(span.from, zone));
  const found: Tick[] = [];
  for (let month = Math.ceil((first.getUTCMonth() + 1) / step) * step; ; month += step) {
    const local = Date.UTC(first.getUTCFullYear(), month, 1);
    const at = local - offset(local, zone);
    if (at > span.to) return found;
    found.push({ at, text: format(at, zone, { month: "short", year: "numeric" }), isDay: true });
  }
}

/** How far the zone is ahead of UTC at a moment. */
function offset(at: number, zone: string): number {
  const parts = new Intl.DateTimeFormat("en-GB", { timeZone: zone, year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).formatToParts(at);
  const get = (type: string): number => Number(parts.find((part) => part.type === type)?.value ?? "0");
  const local = Date.UTC(get("year"), get("month") - 1, get("day"), get("hour"), get("minute"));
  return local - Math.floor(at / MINUTE) * MINUTE;
}

export function format(at: number, zone: string, options: Intl.DateTimeFormatOptions): string {
  return new Intl.DateTimeFormat("en-GB", { timeZone: zone, ...options }).format(at);
}

/** Zoom by a factor about a moment, within the whole and not below a minute. */
export function zoomed(span: Span, whole: Span, factor: number, about: number): Span {
  const length = Math.min(whole.to - whole.from, Math.max(MINUTE, (span.to - span.from) * factor));
  const share = (about - span.from) / (span.to - span.from);
  return clamped({ from: about - length * share, to: about + length * (1 - share) }, whole);
}

export function moved(span: Span, whole: Span, by: number): Span {
  return clamped({ from: span.from + by, to: span.to + by }, whole);
}

function clamped(span: Span, whole: Span): Span {
  const length = span.to - span.from;
  const from = Math.min(Math.max(span.from, whole.from), whole.to - length);
  return { from, to: from + length };
}
