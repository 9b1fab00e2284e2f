// Small helpers that every behaviour uses.

/** Listen on the document for an event that happens inside elements matching `selector`. */
export function on<K extends keyof DocumentEventMap>(
  type: K,
  selector: string,
  handler: (target: HTMLElement, event: DocumentEventMap[K]) => void,
): void {
  document.addEventListener(type, (event) => {
    const origin = event.target;
    if (!(origin instanceof Element)) return;
    const target = origin.closest<HTMLElement>(selector);
    if (target) handler(target, event);
  });
}

export function all<T extends HTMLElement = HTMLElement>(selector: string, root: ParentNode = document): T[] {
  return [...root.querySelectorAll<T>(selector)];
}

/** An icon of the sprite, for what scripts draw. */
export function icon(name: string): SVGSVGElement {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(space, "use");
  use.setAttribute("href", `${document.body.dataset["sprite"] ?? ""}#${name}`);
  svg.append(use);
  return svg;
}

export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  className = "",
  text = "",
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}

/** Whether the person is typing, so that single letters are letters and not commands. */
export function isTyping(event: KeyboardEvent): boolean {
  const target = event.target;
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement) return !["checkbox", "radio", "button", "submit"].includes(target.type);
  return target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement;
}

/** Remember a choice on this machine; without storage it lasts for the page. */
export function remember(key: string, value: string): void {
  try {
    localStorage.setItem(`tieline.${key}`, value);
  } catch {
    // Private windows may refuse; the choice still holds until the page is left.
  }
}

export function recall(key: string): string | null {
  try {
    return localStorage.getItem(`tieline.${key}`);
  } catch {
    return null;
  }
}

/** 1,234,567, as the server writes it. */
export function number(value: number, decimals = 0): string {
  const text = Math.abs(value).toLocaleString("en-GB", {
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
  });
  return (value < 0 ? "\u2212" : "") + text;
}

/** A colour token as the canvas and WebGL understand it: `light-dark()` is resolved by the browser. */
export function colour(token: string, near: Element = document.body): string {
  const probe = element("span");
  probe.hidden = true;
  probe.style.color = `var(--${token})`;
  near.append(probe);
  const value = getComputedStyle(probe).color;
  probe.remove();
  return value;
}

/** Call `handler` whenever the theme changes, by the switch or by the system. Returns how to stop. */
export function onTheme(handler: () => void): () => void {
  const media = matchMedia("(prefers-color-scheme: dark)");
  media.addEventListener("change", handler);
  document.addEventListener("tieline:theme", handler);
  return () => {
    media.removeEventListener("change", handler);
    document.removeEventListener("tieline:theme", handler);
  };
}
