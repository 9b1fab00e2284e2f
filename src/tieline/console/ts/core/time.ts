// The clock of the top bar, and ages that grow while the page stands open.
import { all } from "./dom";

const THIN = "\u202f";
const UNITS: readonly (readonly [limit: number, unit: string, size: number])[] = [
  [60, "s", 1],
  [3600, "min", 60],
  [172_800, "h", 3600],
  [5_184_000, "d", 86_400],
  [63_072_000, "months", 2_592_000],
  [Infinity, "years", 31_536_000],
];

/** The same words as `formats.age` on the server. */
export function age(at: number, now: number): string {
  const seconds = (now - at) / 1000;
  if (Math.abs(seconds) < 5) return "just now";
  const length = Math.abs(seconds);
  const [, unit, size] = UNITS.find(([limit]) => length < limit) ?? [0, "years", 31_536_000];
  const text = `${Math.floor(length / size)}${THIN}${unit}`;
  return seconds > 0 ? `${text} ago` : `in ${text}`;
}

/** The server's clock rules: a screen whose own clock is wrong must not make values look old. */
let offset = 0;
export const now = (): number => Date.now() + offset;

function refreshAges(): void {
  for (const chip of all<HTMLTimeElement>("time.age")) {
    const at = Date.parse(chip.dateTime);
    const words = chip.querySelector("[data-age]");
    if (words && Number.isFinite(at)) words.textContent = age(at, now());
    const limit = Number(chip.dataset["staleAfter"]);
    if (limit && now() - at > limit * 1000) chip.classList.add("stale");
  }
}

function refreshClocks(): void {
  for (const clock of all<HTMLTimeElement>("[data-clock]")) {
    const at = new Date(now());
    const timeZone = clock.dataset["zone"] ?? "UTC";
    const format = (options: Intl.DateTimeFormatOptions): string =>
      new Intl.DateTimeFormat("en-GB", { timeZone, ...options }).format(at);
    clock.textContent = format({ day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
    clock.dateTime = at.toISOString();
    clock.dataset["tip"] = `${at.toISOString().slice(0, 19).replace("T", " ")} UTC\nShown in ${timeZone}`;
  }
}

export function start(): void {
  const clock = document.querySelector<HTMLTimeElement>("[data-clock]");
  const given = clock && !("frozen" in clock.dataset) ? Date.parse(clock.dateTime) : NaN;
  if (Number.isFinite(given)) offset = given - Date.now();
  if (clock && "frozen" in clock.dataset) return;
  refreshClocks();
  setInterval(() => {
    refreshAges();
    refreshClocks();
  }, 10_000);
}
