// The map's columns as the server packs them (components/mapping.py), and what is made of them.
import type { Feature, FeatureCollection, Point, Polygon } from "geojson";

const DEGREES = 100_000;
const EARTH_M = 6_371_000;

/** What a source shows while it has nothing. */
export const nothing = (): FeatureCollection => ({ type: "FeatureCollection", features: [] });

export interface Kind {
  readonly key: string;
  readonly word: string;
  readonly tone: string;
  readonly rank: number;
}
export interface Dimension {
  readonly key: string;
  readonly label: string;
  readonly kinds: readonly Kind[];
  readonly values: readonly number[];
}
export interface Place {
  readonly name: string;
  readonly lon: number;
  readonly lat: number;
}
export interface Points {
  readonly ids: readonly string[];
  readonly names: readonly string[];
  readonly lon: readonly number[];
  readonly lat: readonly number[];
  readonly dimensions: readonly Dimension[];
  readonly observed_at?: string;
  readonly truncated?: boolean;
  readonly places?: readonly Place[];
  readonly version?: string;
}
export interface Sectors extends Points {
  readonly azimuth: readonly number[];
  readonly beam: readonly number[];
  readonly reach: readonly number[];
}
export type Bounds = readonly [west: number, south: number, east: number, north: number];

export interface PointProperties {
  /** Index of the point in the columns. */
  i: number;
  /** Index of its kind in the dimension that colours. */
  k: number;
  /** Rank and kind together, so that a cluster's largest value names its worst kind. */
  w: number;
}

export async function fetchJson<T>(href: string): Promise<T> {
  const answer = await fetch(href, { headers: { Accept: "application/json" }, credentials: "same-origin" });
  if (!answer.ok) throw new Error(`${href} answered ${answer.status}`);
  return (await answer.json()) as T;
}

export const longitude = (points: Points, i: number): number => (points.lon[i] ?? 0) / DEGREES;
export const latitude = (points: Points, i: number): number => (points.lat[i] ?? 0) / DEGREES;

/** An edge halfway between two steps of the packed positions: a point is on the same side of it here and in the list. */
export const betweenSteps = (edge: number): number => (Math.floor(edge * DEGREES) + 0.5) / DEGREES;

export function boundsOf(points: Points): Bounds | null {
  if (points.ids.length === 0) return null;
  let [west, south, east, north] = [Infinity, Infinity, -Infinity, -Infinity];
  for (let i = 0; i < points.ids.length; i += 1) {
    const [x, y] = [longitude(points, i), latitude(points, i)];
    west = Math.min(west, x);
    east = Math.max(east, x);
    south = Math.min(south, y);
    north = Math.max(north, y);
  }
  return [west, south, east, north];
}

/** Which kinds the legend hides, for each dimension by its index. */
export type Hidden = readonly ReadonlySet<number>[];

export function isShown(points: Points, i: number, hidden: Hidden): boolean {
  return points.dimensions.every((one, d) => !hidden[d]?.has(one.values[i] ?? 0));
}

export function pointFeatures(points: Points, colouring: number, hidden: Hidden): FeatureCollection<Point, PointProperties> {
  const features: Feature<Point, PointProperties>[] = [];
  const dimension = points.dimensions[colouring];
  for (let i = 0; i < points.ids.length; i += 1) {
    if (!isShown(points, i, hidden)) continue;
    const k = dimension?.values[i] ?? 0;
    const rank = dimension?.kinds[k]?.rank ?? 0;
    features.push({
      type: "Feature",
      properties: { i, k, w: rank * 100 + k },
      geometry: { type: "Point", coordinates: [longitude(points, i), latitude(points, i)] },
    });
  }
  return { type: "FeatureCollection", features };
}

/** Names for orientation; where two would touch, the one told first stays. */
export function placeFeatures(points: Points): FeatureCollection<Point> {
  const features = (points.places ?? []).map(({ name, lon, lat }, rank): Feature<Point> => (
    { type: "Feature", properties: { name, rank }, geometry: { type: "Point", coordinates: [lon / DEGREES, lat / DEGREES] } }
  ));
  return { type: "FeatureCollection", features };
}

export function cellFeatures(cells: Sectors, colouring: number): {
  dots: FeatureCollection<Point>;
  sectors: FeatureCollection<Polygon>;
} {
  const dots: Feature<Point>[] = [];
  const sectors: Feature<Polygon>[] = [];
  for (let i = 0; i < cells.ids.length; i += 1) {
    const properties = { i, k: cells.dimensions[colouring]?.values[i] ?? 0 };
    const centre: [number, number] = [longitude(cells, i), latitude(cells, i)];
    dots.push({ type: "Feature", properties, geometry: { type: "Point", coordinates: centre } });
    const reach = cells.reach[i] ?? 0;
    if (reach > 0) sectors.push({ type: "Feature", properties, geometry: sector(centre, cells.azimuth[i] ?? 0, cells.beam[i] ?? 360, reach) });
  }
  return {
    dots: { type: "FeatureCollection", features: dots },
    sectors: { type: "FeatureCollection", features: sectors },
  };
}

/** A slice of a circle on the ground, corner at the mast. */
export function sector(centre: [number, number], azimuth: number, beam: number, reach: number): Polygon {
  const whole = beam >= 360;
  const steps = Math.max(6, Math.ceil(beam / 10));
  const ring: [number, number][] = whole ? [] : [centre];
  for (let step = 0; step <= steps; step += 1) {
    const bearing = ((azimuth - beam / 2 + (beam * step) / steps) * Math.PI) / 180;
    const north = ((reach * Math.cos(bearing)) / EARTH_M) * (180 / Math.PI);
    const east = ((reach * Math.sin(bearing)) / EARTH_M) * (180 / Math.PI) / Math.cos((centre[1] * Math.PI) / 180);
    ring.push([centre[0] + east, centre[1] + north]);
  }
  ring.push(ring[0] ?? centre);
  return { type: "Polygon", coordinates: [ring] };
}

/** How many shown points lie within the bounds, for each kind of the colouring dimension. */
export function countWithin(points: Points, colouring: number, hidden: Hidden, bounds: Bounds): { total: number; kinds: number[] } {
  const dimension = points.dimensions[colouring];
  const kinds = new Array<number>(dimension?.kinds.length ?? 0).fill(0);
  const [west, south, east, north] = bounds.map((edge) => edge * DEGREES) as [number, number, number, number];
  let total = 0;
  for (let i = 0; i < points.ids.length; i += 1) {
    const [x, y] = [points.lon[i] ?? 0, points.lat[i] ?? 0];
    if (x < west || x > east || y < south || y > north || !isShown(points, i, hidden)) continue;
    total += 1;
    const k = dimension?.values[i] ?? 0;
    kinds[k] = (kinds[k] ?? 0) + 1;
  }
  return { total, kinds };
}
