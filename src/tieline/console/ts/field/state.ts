// What the page knows, and how it learns more: the queue goes out and the orders come in whenever the network allows.
import * as box from "./box";
import { ahead } from "./local";
import type { Mine, Person, Refusal, Report, Visit, Words } from "./types";
import * as wire from "./wire";

export type Link = "unknown" | "online" | "away" | "signed-out";
const IDLE_MS = 60_000;
const TESTING_MS = 4_000;
const FIRST_WAIT_MS = 3_000;

export class State {
  person: Person | undefined;
  mine: Mine | undefined;
  fetched = 0;
  queue: readonly Report[] = [];
  /** Has gone out, and the orders do not tell of it yet. */
  sent: readonly Report[] = [];
  link: Link = "unknown";
  foreign = 0;
  sending = false;
  private refused: readonly Refusal[] = [];
  private etag = "";
  private entered: wire.Entered | undefined;
  private timer: number | undefined;
  private failures = 0;
  private busy: Promise<void> | undefined;
  private again = false;
  private parting: Promise<void> | undefined;

  constructor(private readonly changed: () => void) {}

  /** What the phone holds comes first; only then the network is asked. */
  async begin(): Promise<void> {
    await this.recall();
    this.changed();
    addEventListener("online", () => this.soon());
    addEventListener("offline", () => this.set("away"));
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.soon());
    await this.meet();
  }

  visits(): Visit[] {
    return (this.mine?.orders ?? []).flatMap((order) => order.visits).map((visit) => this.ahead(visit));
  }

  /** A visit as it stands with all that was said here, whether the orders tell of it yet or not. */
  ahead(visit: Visit): Visit {
    return ahead(visit, [...this.sent, ...this.queue]);
  }

  visit(id: number): Visit | undefined {
    return this.visits().find((one) => one.id === id);
  }

  /** What was refused of visits that are in one's orders no more; the others tell of it themselves. */
  refusedElsewhere(): Refusal[] {
    return this.refused.filter((one) => !this.visit(one.report.words.visit));
  }

  async read(id: string): Promise<void> {
    await box.read(id);
    this.refused = await box.refusals();
    this.changed();
  }

  /** Say something: it is on the phone before this ends, and on its way as soon as there is a network. */
  async say(site: string, words: Words, photos: readonly Blob[] = []): Promise<void> {
    if (!this.person) return;
    await box.queue(this.person, site, words, photos);
    await this.count(this.person);
    this.changed();
    void this.askForSync();
    this.soon();
  }

  /** Leave the phone to the next one: orders go; what was not sent stays until one signs in again. */
  signOut(): Promise<void> {
    this.parting = this.part();
    return this.parting;
  }

  /** Ends when the session that was left is over at the server, or cannot be ended now: until then it would still count. */
  async gone(): Promise<void> {
    await this.parting;
    await this.busy;
  }

  private async part(): Promise<void> {
    const entered = this.entered;
    const who = this.person?.id ?? entered?.person.id;
    await box.leave();
    if (who !== undefined) await box.leaveLater(who);
    this.forget();
    this.set("signed-out");
    try {
      const { person, token } = entered ?? (await wire.session());
      if (who === undefined || person.id === who) await wire.signOut(token);
      await box.left();
    } catch (error) {
      if (error instanceof wire.SignedOut) await box.left();
    }
  }

  soon(): void {
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => void this.meet(), 0);
  }

  /** Meet the server once: session, queue, orders; and arrange for the next time. Who asks while one is under way gets another. */
  meet(): Promise<void> {
    this.again = this.busy !== undefined;
    this.busy ??= this.meeting().finally(() => {
      this.busy = undefined;
      clearTimeout(this.timer);
      if (this.link !== "signed-out") this.timer = window.setTimeout(() => void this.meet(), this.again ? 0 : this.wait());
    });
    return this.busy;
  }

  private async meeting(): Promise<void> {
    try {
      const leaving = await box.leaving();
      this.entered = await wire.session();
      if (leaving !== undefined) await this.endSession(leaving, this.entered);
      if (this.entered.person.id !== this.person?.id) await this.change(this.entered.person);
      await this.sendQueue(this.entered);
      await this.fetchOrders(this.entered.person);
      this.failures = 0;
      this.set("online");
    } catch (error) {
      await this.failed(error);
    } finally {
      this.sending = false;
      if (this.person) await this.count(this.person);
      this.changed();
    }
  }

  private async sendQueue(entered: wire.Entered): Promise<void> {
    await this.count(entered.person);
    if (!this.queue.length) return;
    this.sending = true;
    this.changed();
    await wire.send(entered);
    await this.count(entered.person);
    this.sending = false;
    this.changed();
  }

  /** What waits, as the phone holds it. What has gone out is kept until the orders tell of it, else a visit would step back. */
  private async count(who: Person): Promise<void> {
    const waiting = await box.waiting(who.id);
    this.refused = await box.refusals();
    const here = new Set([...waiting, ...this.refused.map((one) => one.report)].map((one) => one.id));
    this.sent = [...this.sent, ...this.queue].filter((one) => !here.has(one.id));
    this.queue = waiting;
  }

  private async fetchOrders(who: Person): Promise<void> {
    const told = new Set(this.sent);
    const found = await wire.orders(this.etag);
    this.fetched = Date.now();
    this.sent = this.sent.filter((one) => !told.has(one));
    if (found) {
      this.etag = found.etag;
      this.mine = found.mine;
    }
    if (this.mine) await box.keep({ account: who.id, fetched: this.fetched, etag: this.etag, mine: this.mine });
  }

  private async failed(error: unknown): Promise<void> {
    if (error instanceof wire.SignedOut) {
      await box.leave();
      await box.left();
      this.forget();
      this.set("signed-out");
      return;
    }
    this.failures += 1;
    if (!(error instanceof wire.Away)) console.error(error);
    this.set("away");
  }

  /** End the session of a person who signed out while the server was away; one of somebody else is not theirs. */
  private async endSession(leaving: number, { person, token }: wire.Entered): Promise<void> {
    if (person.id === leaving) await wire.signOut(token);
    await box.left();
    if (person.id === leaving) throw new wire.SignedOut();
  }

  private async change(who: Person): Promise<void> {
    await box.enter(who);
    this.forget();
    await this.recall();
  }

  private async recall(): Promise<void> {
    this.person = await box.person();
    const held = this.person && (await box.snapshot(this.person.id));
    this.mine = held?.mine;
    this.etag = held?.etag ?? "";
    this.fetched = held?.fetched ?? 0;
    this.queue = this.person ? await box.waiting(this.person.id) : [];
    this.refused = this.person ? await box.refusals() : [];
    this.foreign = await box.foreign(this.person?.id ?? -1);
  }

  private forget(): void {
    this.person = this.mine = undefined;
    this.queue = this.sent = this.refused = [];
    this.etag = "";
  }

  private wait(): number {
    if (this.failures) return Math.min(IDLE_MS, FIRST_WAIT_MS * 2 ** Math.min(this.failures - 1, 5));
    const testing = this.visits().some((visit) => visit.steps.some((step) => step.state === "testing"));
    return testing && document.visibilityState === "visible" ? TESTING_MS : IDLE_MS;
  }

  private set(link: Link): void {
    this.link = link;
    this.changed();
  }

  /** Where the browser can, it wakes the worker when the network is back, even with the page closed. */
  private async askForSync(): Promise<void> {
    const ready = (await navigator.serviceWorker?.getRegistration("/field/")) as (ServiceWorkerRegistration & { sync?: { register(tag: string): Promise<void> } }) | undefined;
    await ready?.sync?.register("reports").catch(() => undefined);
  }
}
