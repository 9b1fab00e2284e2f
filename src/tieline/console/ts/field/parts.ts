// Small pieces of which the screens are made.
import { element, icon } from "../core/dom";

type Child = Node | string | undefined | false;

export function box<K extends keyof HTMLElementTagNameMap>(tag: K, className: string, ...children: Child[]): HTMLElementTagNameMap[K] {
  const made = element(tag, className);
  made.append(...children.filter((one): one is Node | string => Boolean(one)));
  return made;
}

export function badge(word: string, tone: string, sign: string): HTMLElement {
  return box("span", `badge tone-${tone}`, icon(sign), word);
}

export function note(tone: string, sign: string, ...children: Child[]): HTMLElement {
  return box("div", `field-note tone-${tone}`, icon(sign), box("div", "", ...children));
}

/** A button as large as a thumb in a glove. */
export function big(label: string, sign: string, kind: string, act: () => void | Promise<void>): HTMLButtonElement {
  const made = box("button", `button field-big ${kind}`, icon(sign), label);
  made.type = "button";
  made.addEventListener("click", () => {
    made.disabled = true;
    void Promise.resolve(act()).finally(() => (made.disabled = false));
  });
  return made;
}

export function way(label: string, href: string, sign: string, kind = ""): HTMLAnchorElement {
  const made = box("a", `button field-big ${kind}`, icon(sign), label);
  made.href = href;
  return made;
}

export interface Asked { readonly root: HTMLElement; readonly input: HTMLInputElement | HTMLTextAreaElement; fail(words: string): void }

export interface Question {
  readonly id: string;
  readonly label: string;
  readonly hint?: string;
  readonly value?: string;
  readonly digits?: boolean;
  readonly long?: boolean;
  readonly scan?: (() => Promise<string>) | undefined;
}

const complaint = (id: string): string => `${id} error`;

/** What was typed into questions, and what was wrong with it, is of no more use. */
export function settled(drafts: Map<string, string>, ...questions: Asked[]): void {
  for (const { input } of questions) for (const key of [input.id, complaint(input.id)]) drafts.delete(key);
}

/** A question with its label, its hint, its error, and a button that scans the answer where that can be. */
export function ask(question: Question, drafts: Map<string, string>): Asked {
  const input = question.long ? element("textarea", "input") : element("input", "input");
  input.id = question.id;
  input.value = drafts.get(question.id) ?? question.value ?? "";
  input.autocomplete = "off";
  if (input instanceof HTMLInputElement) {
    input.inputMode = question.digits ? "numeric" : "text";
    input.setAttribute("autocapitalize", "characters");
    input.spellcheck = false;
  } else input.rows = 4;
  const error = box("p", "error");
  error.id = `${question.id}-error`;
  error.hidden = true;
  const label = box("label", "", question.label);
  label.htmlFor = question.id;
  const hint = question.hint ? box("p", "hint", question.hint) : undefined;
  if (hint) hint.id = `${question.id}-hint`;
  input.setAttribute("aria-describedby", [hint?.id, error.id].filter(Boolean).join(" "));
  const clear = (): void => {
    error.hidden = true;
    input.removeAttribute("aria-invalid");
    drafts.set(question.id, input.value);
    drafts.delete(complaint(question.id));
  };
  input.addEventListener("input", clear);
  const { scan } = question;
  const reader = scan && big("Scan", "scan-line", "field-scan-button", async () => {
    const found = await scan();
    if (found) input.value = found;
    clear();
    input.focus();
  });
  reader?.setAttribute("aria-label", `Scan: ${question.label}`);
  const root = box("div", "field field-ask", label, hint, box("div", "field-row", input, reader), error);
  const complain = (words: string): void => {
    error.replaceChildren(icon("octagon-alert"), box("span", "", words));
    error.hidden = false;
    input.setAttribute("aria-invalid", "true");
  };
  const fail = (words: string): void => {
    drafts.set(complaint(question.id), words); // the page may be drawn anew before the words are read
    complain(words);
    input.focus();
  };
  const before = drafts.get(complaint(question.id));
  if (before) complain(before);
  return { root, input, fail };
}

const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const dayName = new Intl.DateTimeFormat("en-GB", { weekday: "long", day: "numeric", month: "long", timeZone: "UTC" });

export function at(moment: string | number): string {
  return clock.format(new Date(moment));
}

const full = new Intl.DateTimeFormat("en-GB", { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });

/** A moment that need not be today. */
export function moment(text: string): string {
  return full.format(new Date(text));
}

export function day(text: string, today: string): string {
  const named = dayName.format(new Date(`${text}T00:00:00Z`));
  if (text === today) return `Today, ${named}`;
  return text < today ? `Late: ${named}` : named;
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
