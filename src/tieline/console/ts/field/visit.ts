// One visit in big steps: arrive, fit and test each card, take the old away, finish; or say what else is wrong.
import { element, icon } from "../core/dom";
import { KIND_WORDS, OUTCOME_WORDS, current, stateOf, wrongCard } from "./local";
import { grouped, iccidIn, imeiIn, wrongIccid, wrongImei } from "./numbers";
import { type Asked, ask, at, badge, big, box, note, settled, way } from "./parts";
import { shrink } from "./picture";
import { canScan, scan } from "./scan";
import type { State } from "./state";
import type { Check, Step, Visit, Words } from "./types";

export class VisitScreen {
  constructor(private readonly state: State, private readonly visit: Visit, private readonly drafts: Map<string, string>) {}

  parts(): Node[] {
    const { visit } = this;
    const [word, tone, sign] = stateOf(visit);
    const over = visit.state === "finished" || visit.state === "cancelled";
    return [
      way("Back to the list", "#", "arrow-left", "quiet"),
      box("header", "field-site", box("h1", "", visit.site.name), box("p", "muted", [visit.site.code, visit.site.postcode, visit.title].filter(Boolean).join(" · ")), box("p", "", badge(word, tone, sign), visit.attempt > 1 && badge(`Attempt ${visit.attempt}`, "off", "rotate-ccw"))),
      ...this.refused(),
      ...(over ? [this.over()] : [this.navigation(), this.steps(), ...this.otherWays()]),
    ].filter((one): one is HTMLElement => Boolean(one));
  }

  private say(kind: Words["kind"], fields: Record<string, unknown> = {}): Promise<void> {
    return this.state.say(this.visit.site.name, { visit: this.visit.id, kind, ...fields });
  }

  private refused(): HTMLElement[] {
    return this.visit.refused.map((one) =>
      note("bad", "octagon-alert", box("strong", "", `${KIND_WORDS[one.kind] ?? one.kind} (${at(one.at)}): ${one.sentence}`), box("p", "", one.advice)),
    );
  }

  private over(): HTMLElement {
    const { visit } = this;
    if (visit.state === "cancelled") return note("held", "circle-slash", box("strong", "", "This visit was cancelled."), box("p", "", visit.state_why));
    return box("div", "stack", note("ok", "circle-check", box("strong", "", OUTCOME_WORDS[visit.outcome ?? ""] ?? "Finished")), way("Something else is wrong here", `#visit/${visit.id}/trouble`, "triangle-alert"));
  }

  private navigation(): HTMLElement | false {
    const { lat, lon, name } = this.visit.site;
    if (lat === null || lon === null) return false;
    return way("Navigate", `geo:${lat},${lon}?q=${lat},${lon}(${encodeURIComponent(name)})`, "map-pin");
  }

  private steps(): HTMLElement {
    const { visit } = this;
    const there = visit.state === "on_site";
    const step = current(visit);
    const items = [this.item("Arrived", there, !there, () => big("I have arrived", "map-pin", "primary", () => this.say("arrived")))];
    for (const one of visit.steps) {
      const now = there && one === step;
      const fitted = one.state !== "closed" && one.state !== "open";
      const name = `Card ${one.position}: operator ${one.operator}, ${one.role}`;
      items.push(this.item(name, fitted && !(now && one.state === "failed"), now && (one.state === "open" || one.state === "failed"), () => this.fitting(one)));
      items.push(this.item(`Test of card ${one.position}`, one.state === "passed", now && fitted, () => this.testing(one), one.state === "failed" ? "bad" : ""));
    }
    items.push(this.item("Take the old away and finish", false, there && !step, () => this.finishing()));
    return box("ol", "field-steps", ...items);
  }

  private item(name: string, done: boolean, now: boolean, body: () => HTMLElement, tone = ""): HTMLElement {
    const sign = done ? "circle-check" : tone === "bad" ? "octagon-alert" : now ? "circle-dot" : "circle-dashed";
    const said = done ? "done" : now ? "now" : "later";
    const made = box("li", `field-step ${said}`, box("h2", "", icon(sign), name, box("span", "sr", ` (${said})`)), now && body());
    if (now) made.setAttribute("aria-current", "step");
    return made;
  }

  private fitting(step: Step): HTMLElement {
    const { visit, drafts } = this;
    const id = (name: string): string => `${visit.id}-${step.key}-${name}`.replaceAll(/[^\w-]/g, "_");
    const passed = visit.steps.some((one) => one.state === "passed");
    const scanning = (title: string, take: (text: string) => string) => (canScan() ? (): Promise<string> => scan(title, take) : undefined);
    const router = ask({ id: id("router"), label: "Number of the new router", value: visit.router, scan: scanning("Scan the new router", (text) => text.trim()) }, drafts);
    const planned = step.iccid ? `Planned: ${grouped(step.iccid)}` : "Any card of this operator.";
    const card = ask({ id: id("iccid"), label: "Number of the card (ICCID)", hint: planned, digits: true, scan: scanning(`Scan card ${step.position}`, iccidIn) }, drafts);
    const imei = ask({ id: id("imei"), label: "IMEI of the router’s modem (if it can be read)", digits: true, scan: scanning("Scan the IMEI", imeiIn) }, drafts);
    const how = passed ? "Put this card into the new router." : "Mount the new router beside the old one. Leave the old one running. Put this card into the new router.";
    return box(
      "div",
      "stack",
      box("p", "", step.words || how),
      router.root,
      card.root,
      imei.root,
      big("Card is fitted", "check", "primary", () => this.fit(step, router, card, imei)),
      step.state === "failed" && big("Test again without changing anything", "refresh-cw", "", () => this.say("test-asked", { step: step.key })),
    );
  }

  private async fit(step: Step, router: Asked, card: Asked, imei: Asked): Promise<void> {
    const serial = router.input.value.trim();
    const iccid = iccidIn(card.input.value);
    const wrong = wrongIccid(card.input.value) || wrongCard(this.visit, step, iccid, this.state.visits());
    if (!serial) return router.fail("Scan or type the number on the router.");
    if (wrong) return card.fail(wrong);
    const wrongModem = wrongImei(imei.input.value);
    if (wrongModem) return imei.fail(wrongModem);
    settled(this.drafts, router, card, imei);
    await this.say("fitted", { step: step.key, iccid, router: serial, imei: imeiIn(imei.input.value) });
  }

  private testing(step: Step): HTMLElement {
    const checks = step.checks.length > 0 && box("ul", "field-checks", ...step.checks.map((check) => checkRow(check, step.state === "failed")));
    if (step.state === "fitted") return box("div", "stack", step.said !== "" && note("warn", "triangle-alert", box("strong", "", step.said), box("p", "", "Read its number again. If it is right, tell the dispatcher: the test cannot pass before it is known.")), box("p", "", "Switch the router on and wait until its light is steady."), big(`Test card ${step.position}`, "signal", "primary", () => this.say("test-asked", { step: step.key })));
    if (step.state === "failed") return box("div", "stack", note("bad", "octagon-alert", box("strong", "", "The test did not pass."), box("p", "", step.said), box("p", "", "Look at the antenna, at how the card sits, and at the power; then test again.")), checks);
    const queued = this.state.queue.some((one) => one.words.visit === this.visit.id && one.words.kind === "test-asked" && one.words["step"] === step.key);
    const words = queued || this.state.link === "away" ? "The test begins when the network is back. Where you stand outside, this page sends it by itself." : "The test runs. This takes a minute or two; the page follows by itself.";
    const made = box("div", "stack", note("busy", "loader", box("p", "", words), box("p", "", step.said)), checks);
    made.setAttribute("role", "status");
    return made;
  }

  private finishing(): HTMLElement {
    const away = this.visit.take_away;
    const id = `${this.visit.id}-old`;
    const router = ask({ id: `${id}-router`, label: "Number of the old router", value: away?.router ?? "" }, this.drafts);
    const cards = (away?.iccids ?? []).map((iccid) => {
      const input = element("input");
      input.type = "checkbox";
      input.checked = true;
      input.value = iccid;
      return { input, root: box("label", "field-check", input, box("span", "num", grouped(iccid))) };
    });
    const finish = big("Finished", "check", "primary", () => {
      const iccids = cards.filter((one) => one.input.checked).map((one) => one.input.value);
      return this.say("finished", { outcome: "done", removed: { router: router.input.value.trim(), iccids } });
    });
    const old = cards.length > 0 && box("fieldset", "field-old", box("legend", "", "Old cards that you take with you"), ...cards.map((one) => one.root));
    return box("div", "stack", box("p", "", "Switch the old router off, take it down, and take it and its cards with you."), router.root, old, finish);
  }

  private otherWays(): HTMLElement[] {
    const { visit } = this;
    const trouble = way("Something else is wrong here", `#visit/${visit.id}/trouble`, "triangle-alert");
    if (visit.state !== "on_site") return [trouble];
    return [trouble, way("It cannot be done today", `#visit/${visit.id}/stop`, "circle-x", "quiet")];
  }

  /** What else is wrong: words and pictures. */
  trouble(photos: Blob[], changed: () => void): Node[] {
    const words = ask({ id: `${this.visit.id}-trouble`, label: "What is wrong?", hint: "A few words are enough: “No key fits”, “Cabinet is under water”.", long: true }, this.drafts);
    const input = element("input", "sr");
    input.type = "file";
    input.accept = "image/*";
    input.setAttribute("capture", "environment");
    input.id = "field-photo";
    input.addEventListener("change", () => {
      const file = input.files?.[0];
      if (file) void shrink(file).then((blob) => { photos.push(blob); changed(); }, () => words.fail("That picture cannot be used. Take another one."));
    });
    const label = box("label", "button field-big", icon("camera"), "Take a picture");
    label.htmlFor = input.id;
    const send = big("Report it", "check", "primary", async () => {
      if (!words.input.value.trim() && !photos.length) return words.fail("Write a few words, or take a picture.");
      settled(this.drafts, words);
      await this.state.say(this.visit.site.name, { visit: this.visit.id, kind: "trouble", words: words.input.value.trim() }, photos.splice(0));
      location.hash = `#visit/${this.visit.id}`;
    });
    return [this.back(), box("h1", "", "Something else is wrong here"), box("p", "muted", this.visit.site.name), words.root, box("div", "field-photos", ...photos.map(thumb)), input, label, send];
  }

  /** It cannot be done: come again, not possible, or leave and come back. */
  stop(): Node[] {
    const why = ask({ id: `${this.visit.id}-why`, label: "Why?", long: true }, this.drafts);
    const end = (kind: "finished" | "left", outcome = "") => async (): Promise<void> => {
      const words = why.input.value.trim();
      if (!words) return why.fail("Say why in a few words.");
      settled(this.drafts, why);
      await this.say(kind, outcome ? { outcome, why: words } : { why: words });
      location.hash = "#";
    };
    return [
      this.back(),
      box("h1", "", "It cannot be done today"),
      box("p", "muted", this.visit.site.name),
      why.root,
      big("We leave, and come back ourselves", "log-out", "", end("left")),
      big("Someone has to come again", "rotate-ccw", "", end("finished", "again")),
      big("Not possible at this site", "circle-x", "danger", end("finished", "not-possible")),
    ];
  }

  private back(): HTMLElement {
    return way("Back to the visit", `#visit/${this.visit.id}`, "arrow-left", "quiet");
  }
}

function checkRow(check: Check, isOver: boolean): HTMLElement {
  const open = isOver ? (["warn", "circle-dashed", "not seen"] as const) : (["busy", "loader", "waiting"] as const);
  const [tone, sign, word] = check.ok === null ? open : check.ok ? ["ok", "circle-check", "holds"] : ["bad", "octagon-alert", "does not hold"];
  const found = check.ok ? check.found || check.wanted : [check.wanted && `wanted ${check.wanted}`, check.found && `found ${check.found}`].filter(Boolean).join(", ");
  return box("li", "", badge(word, tone, sign), box("strong", "", check.name), found !== "" && box("span", "muted", found));
}

function thumb(blob: Blob): HTMLElement {
  const image = element("img");
  image.src = URL.createObjectURL(blob);
  image.alt = "Picture that will be sent";
  image.addEventListener("load", () => URL.revokeObjectURL(image.src));
  return image;
}
