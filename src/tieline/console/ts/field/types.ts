// What the phone holds: its crew's orders as the server gives them, and reports that wait for the network.

export type StepState = "closed" | "open" | "fitted" | "testing" | "passed" | "failed";
export type VisitState = "planned" | "on_site" | "left" | "finished" | "cancelled";
export type Kind = "arrived" | "fitted" | "test-asked" | "finished" | "trouble" | "left";

export interface Check { readonly name: string; readonly ok: boolean | null; readonly wanted: string; readonly found: string }
export interface Step {
  readonly key: string;
  readonly position: number;
  readonly role: string;
  readonly operator: string;
  readonly iccid: string;
  readonly words: string;
  readonly state: StepState;
  readonly fitted: string;
  readonly checks: readonly Check[];
  readonly said: string;
}
export interface Refused { readonly id: string; readonly kind: Kind; readonly state: string; readonly sentence: string; readonly advice: string; readonly at: string }
export interface Visit {
  readonly id: number;
  readonly site: { readonly code: string; readonly name: string; readonly postcode: string | null; readonly lat: number | null; readonly lon: number | null };
  readonly km: number | null;
  readonly title: string;
  readonly minutes: number;
  readonly attempt: number;
  readonly state: VisitState;
  readonly state_why: string;
  readonly outcome: string | null;
  readonly router: string;
  readonly steps: readonly Step[];
  readonly take_away: { readonly router: string; readonly iccids: readonly string[] } | null;
  readonly refused: readonly Refused[];
}
export interface Order { readonly id: number; readonly day: string; readonly region: string | null; readonly km: number; readonly minutes: number; readonly visits: readonly Visit[] }
export interface Storm { readonly regions: readonly string[]; readonly reason: string; readonly ends_at: string | null; readonly spares_crews: boolean }
export interface Mine { readonly crew: string | null; readonly today: string; readonly orders: readonly Order[]; readonly storms?: readonly Storm[] }

/** What a crew says, before it has a number. */
export interface Words { readonly visit: number; readonly kind: Kind; readonly [field: string]: unknown }
/** A report in the queue. `n` puts the queue in order; `seq` is the phone's own count, without gaps. */
export interface Report {
  readonly n?: number;
  readonly id: string;
  readonly account: number;
  readonly phone: string;
  readonly seq: number;
  readonly at: string;
  readonly site: string;
  readonly words: Words;
  readonly photos: readonly string[];
}
export interface Photo { readonly id: string; readonly account: number; readonly visit: number; readonly blob: Blob }
export interface Person { readonly id: number; readonly name: string }
export interface Snapshot { readonly account: number; readonly fetched: number; readonly etag: string; readonly mine: Mine }
/** A report that was refused, with the site as the phone knew it; kept until its author has read it. */
export interface Refusal { readonly report: Report; readonly sentence: string; readonly advice: string }
export interface Answer { readonly id: string; readonly state: "accepted" | "refused" | "held"; readonly sentence: string; readonly advice: string }
