// What the server or the network has to say, outside the page's own content.
import { element, icon, on } from "./dom";

type Tone = "ok" | "busy" | "warn" | "bad";
interface Notice {
  readonly tone?: Tone;
  readonly title: string;
  readonly detail?: string;
  readonly reference?: string;
}
const ICONS: Record<Tone, string> = { ok: "circle-check", busy: "info", warn: "triangle-alert", bad: "octagon-alert" };
const CALM_FOR = 6000;

/** Good news goes by itself; trouble stays until it was read. */
export function toast(notice: Notice): void {
  const tone = notice.tone ?? "busy";
  const box = element("div", "toast");
  box.dataset["tone"] = tone;
  const words = element("div", "words");
  words.append(element("p", "", notice.title));
  if (notice.detail) words.append(element("p", "", notice.detail));
  if (notice.reference) words.append(element("p", "quiet", `Reference ${notice.reference}`));
  const close = element("button", "button quiet small icon-only");
  close.type = "button";
  close.dataset["toastClose"] = "";
  close.setAttribute("aria-label", "Dismiss");
  close.append(icon("x"));
  box.append(icon(ICONS[tone]), words, close);
  document.getElementById("toasts")?.append(box);
  if (tone === "ok" || tone === "busy") setTimeout(() => box.remove(), CALM_FOR);
}

/** Words for an answer that is not a page: problem+json where the server sent it, else the status. */
function fromAnswer(request: XMLHttpRequest): Notice {
  const reference = request.getResponseHeader("X-Request-Id") ?? "";
  const type = request.getResponseHeader("Content-Type") ?? "";
  if (type.includes("json")) {
    const problem = parse(request.responseText);
    if (problem) return { tone: "bad", title: problem.title, detail: problem.detail, reference: problem.reference || reference };
  }
  if (request.status === 401) return { tone: "warn", title: "You were signed out.", detail: "Sign in again to go on; nothing was lost.", reference };
  if (request.status === 403) return { tone: "warn", title: "You may not do that.", detail: "Ask an administrator for a role that allows it.", reference };
  return { tone: "bad", title: `The server answered ${request.status}.`, detail: "Nothing on this page changed. Try again; if it stays, report the reference.", reference };
}

function parse(text: string): { title: string; detail: string; reference: string } | null {
  try {
    const body = JSON.parse(text) as Record<string, unknown>;
    const word = (key: string): string => (typeof body[key] === "string" ? body[key] : "");
    return { title: word("title") || "Something went wrong", detail: word("detail"), reference: word("instance") };
  } catch {
    return null; // Not JSON after all: the caller words the status instead.
  }
}

export function start(): void {
  on("click", "[data-toast-close]", (button) => button.closest(".toast")?.remove());
  document.addEventListener("tieline:toast", (event) => toast((event as CustomEvent<Notice>).detail));
  document.addEventListener("htmx:responseError", (event) => {
    toast(fromAnswer((event as CustomEvent<{ xhr: XMLHttpRequest }>).detail.xhr));
  });
  document.addEventListener("htmx:sendError", () => {
    toast({ tone: "bad", title: "The server cannot be reached.", detail: "What you see may be out of date. It is tried again on your next step." });
  });
}
