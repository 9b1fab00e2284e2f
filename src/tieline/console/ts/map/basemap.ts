// Countries of Natural Earth as polygons: a map without any tile server.
import type { Feature, FeatureCollection, MultiPolygon, Polygon, Position } from "geojson";
import { feature } from "topojson-client";
import type { GeometryCollection, Topology } from "topojson-specification";
import { fetchJson, type Bounds } from "./data";

const FINE = 20; // Degrees across, up to which every degree has its line.

type World = Topology<{ countries: GeometryCollection<{ name: string }> }>;

/** The land around the data only: the rest of the world would be drawn for nobody. */
export async function land(href: string, near: Bounds): Promise<FeatureCollection<Polygon>> {
  const world = await fetchJson<World>(href);
  const geometries = world.objects.countries.geometries.filter((one) => !one.bbox || overlap(one.bbox, near));
  const countries = feature(world, { ...world.objects.countries, geometries });
  const features: Feature<Polygon>[] = [];
  for (const country of countries.features) {
    for (const coordinates of polygons(country.geometry as Polygon | MultiPolygon).map(unwrapped)) {
      if (touches(coordinates[0] ?? [], near)) {
        features.push({ type: "Feature", properties: country.properties, geometry: { type: "Polygon", coordinates } });
      }
    }
  }
  return { type: "FeatureCollection", features };
}

/** Whether any of the land reaches into some bounds. */
export function liesIn(ground: FeatureCollection<Polygon>, bounds: Bounds): boolean {
  return ground.features.some(({ geometry }) => touches(geometry.coordinates[0] ?? [], bounds));
}

const polygons = (geometry: Polygon | MultiPolygon): Position[][][] =>
  geometry.type === "Polygon" ? [geometry.coordinates] : geometry.coordinates;

/** A country across the 180th meridian (Russia) in one piece east of it, and not with edges around the whole world. */
function unwrapped(polygon: Position[][]): Position[][] {
  const [outer = []] = polygon;
  const lons = outer.map(([x = 0]) => x);
  if (Math.max(...lons) - Math.min(...lons) <= 180) return polygon;
  return polygon.map((ring) => ring.map(([x = 0, y = 0]) => [x < 0 ? x + 360 : x, y]));
}

const overlap = ([minX = 0, minY = 0, maxX = 0, maxY = 0]: readonly number[], [west, south, east, north]: Bounds): boolean =>
  minX <= east && maxX >= west && minY <= north && maxY >= south;

function touches(ring: readonly Position[], near: Bounds): boolean {
  let [minX, minY, maxX, maxY] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const [x = 0, y = 0] of ring) {
    minX = Math.min(minX, x);
    maxX = Math.max(maxX, x);
    minY = Math.min(minY, y);
    maxY = Math.max(maxY, y);
  }
  return overlap([minX, minY, maxX, maxY], near);
}

/** Meridians and parallels, a degree apart or five. */
export function graticule([west, south, east, north]: Bounds): FeatureCollection {
  const step = east - west > FINE || north - south > FINE ? 5 : 1;
  const lines: Position[][] = [];
  for (let x = Math.ceil(west / step) * step; x <= east; x += step) lines.push([[x, south], [x, north]]);
  for (let y = Math.ceil(south / step) * step; y <= north; y += step) lines.push([[west, y], [east, y]]);
  return { type: "FeatureCollection", features: [{ type: "Feature", properties: {}, geometry: { type: "MultiLineString", coordinates: lines } }] };
}

/** Districts may come as GeoJSON or as TopoJSON, whichever the utility has. */
export async function districts(href: string): Promise<FeatureCollection> {
  const found = await fetchJson<FeatureCollection | Topology>(href);
  if (found.type === "FeatureCollection") return found;
  const [first] = Object.values(found.objects);
  if (!first) return { type: "FeatureCollection", features: [] };
  const made = feature(found, first);
  return made.type === "FeatureCollection" ? made : { type: "FeatureCollection", features: [made] };
}
