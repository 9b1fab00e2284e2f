// Sources, layers and their colours; every colour is a design token, read anew when the theme changes.
import type { ExpressionSpecification, LayerSpecification, Map as Chart, StyleSpecification } from "maplibre-gl";
import { colour } from "../core/dom";
import { nothing, type Kind } from "./data";
import { toneToken } from "../tones";
import { markImage } from "./marks";

const TEXT_FONT = ["Inter"];

export const toneColour = (tone: string): string => colour(toneToken(tone));

export function style(): StyleSpecification {
  return {
    version: 8,
    transition: { duration: 0, delay: 0 },
    sources: {
      graticule: { type: "geojson", data: nothing() },
      land: { type: "geojson", data: nothing() },
      districts: { type: "geojson", data: nothing() },
      places: { type: "geojson", data: nothing() },
      sectors: { type: "geojson", data: nothing() },
      dots: { type: "geojson", data: nothing() },
      chosen: { type: "geojson", data: nothing() },
      points: {
        type: "geojson",
        data: nothing(),
        cluster: true,
        clusterRadius: 44,
        clusterMaxZoom: 12,
        clusterProperties: { w: ["max", ["get", "w"]] },
      },
    },
    layers: layers(),
  };
}

function layers(): LayerSpecification[] {
  return [
    { id: "water", type: "background", paint: {} },
    { id: "graticule", type: "line", source: "graticule", paint: { "line-width": 0.6 } },
    { id: "land", type: "fill", source: "land", paint: { "fill-antialias": true } },
    { id: "districts", type: "line", source: "districts", paint: { "line-width": 0.7 } },
    { id: "borders", type: "line", source: "land", paint: { "line-width": 0.9 } },
    { id: "sectors", type: "fill", source: "sectors", minzoom: 9, paint: { "fill-opacity": 0.22 } },
    { id: "sector-edges", type: "line", source: "sectors", minzoom: 9, paint: { "line-width": 1, "line-opacity": 0.7 } },
    { id: "dots", type: "circle", source: "dots", paint: { "circle-radius": ["interpolate", ["linear"], ["zoom"], 5, 1, 12, 2.5], "circle-opacity": 0.7 } },
    {
      id: "places",
      type: "symbol",
      source: "places",
      layout: {
        "text-field": ["get", "name"],
        "text-font": TEXT_FONT,
        "text-size": ["interpolate", ["linear"], ["zoom"], 5, 11, 9, 14],
        "text-letter-spacing": 0.06,
        "text-max-width": 8,
        "text-padding": 6,
        "symbol-sort-key": ["get", "rank"],
        // Beside the middle: that is where the region's largest cluster mostly lies.
        "text-variable-anchor-offset": ["bottom", [0, -1.8], "top", [0, 1.8], "left", [1.8, 0], "right", [-1.8, 0]],
      },
      paint: { "text-halo-width": 1.6 },
    },
    {
      id: "clusters",
      type: "circle",
      source: "points",
      filter: ["has", "point_count"],
      paint: { "circle-radius": ["step", ["get", "point_count"], 12, 50, 15, 500, 18, 5000, 22], "circle-stroke-width": 2.5 },
    },
    {
      id: "cluster-counts",
      type: "symbol",
      source: "points",
      filter: ["has", "point_count"],
      layout: {
        "text-field": ["step", ["get", "point_count"], ["to-string", ["get", "point_count"]], 1000, ["concat", ["to-string", ["/", ["round", ["/", ["get", "point_count"], 100]], 10]], "k"]],
        "text-font": TEXT_FONT,
        "text-size": 11,
        "text-allow-overlap": true,
        // Names of places keep clear of a cluster, whose circle is as wide as this.
        "text-ignore-placement": false,
        "text-padding": 9,
      },
      paint: {},
    },
    {
      id: "points",
      type: "symbol",
      source: "points",
      filter: ["!", ["has", "point_count"]],
      layout: {
        "icon-image": ["concat", "mark-", ["to-string", ["get", "k"]]],
        "icon-allow-overlap": true,
        "icon-ignore-placement": true,
        "symbol-sort-key": ["get", "w"],
      },
    },
    { id: "chosen", type: "circle", source: "chosen", paint: { "circle-radius": 11, "circle-opacity": 0, "circle-stroke-width": 2.5 } },
  ];
}

function byKind(value: ExpressionSpecification, kinds: readonly Kind[], otherwise: string): ExpressionSpecification | string {
  if (kinds.length === 0) return otherwise;
  const pairs = kinds.flatMap((kind, index) => [index, toneColour(kind.tone)]);
  return ["match", value, ...pairs, otherwise] as unknown as ExpressionSpecification;
}

/**
 * Put the tokens' present colours on everything; `kinds` are those of the dimension that colours. Where nothing is
 * `charted` nearby, everything is land: nobody's sites stand in the sea.
 */
export function paint(map: Chart, kinds: readonly Kind[], cellKinds: readonly Kind[], charted: boolean): void {
  const [text, surface, strong] = [colour("text"), colour("surface"), colour("line-strong")];
  map.setPaintProperty("water", "background-color", colour(charted ? "map-water" : "map-land"));
  map.setPaintProperty("graticule", "line-color", colour("map-district"));
  map.setPaintProperty("land", "fill-color", colour("map-land"));
  map.setPaintProperty("borders", "line-color", colour("map-border"));
  map.setPaintProperty("districts", "line-color", colour("map-district"));
  map.setPaintProperty("places", "text-color", colour("text-2"));
  map.setPaintProperty("places", "text-halo-color", colour("map-land"));
  map.setPaintProperty("chosen", "circle-stroke-color", colour("accent"));
  map.setPaintProperty("clusters", "circle-color", surface);
  map.setPaintProperty("cluster-counts", "text-color", text);
  // The worst kind rings the cluster; where kinds have no rank, none is worse and the ring stays neutral.
  const ranked = kinds.some((kind) => kind.rank > 0);
  map.setPaintProperty("clusters", "circle-stroke-color", ranked ? byKind(["%", ["get", "w"], 100], kinds, strong) : colour("control"));
  const cellColour = byKind(["get", "k"], cellKinds, colour("control"));
  map.setPaintProperty("sectors", "fill-color", cellColour);
  map.setPaintProperty("sector-edges", "line-color", cellColour);
  map.setPaintProperty("dots", "circle-color", cellColour);
  kinds.forEach((kind, index) => {
    const image = markImage(kind.tone, toneColour(kind.tone), surface);
    const name = `mark-${index}`;
    if (map.hasImage(name)) map.updateImage(name, image);
    else map.addImage(name, image, { pixelRatio: 2 });
  });
}
