// The shape of each tone, so that a point's state is not told by colour alone. Used on the map and in its legend.
const SIZE = 18;

export function drawMark(context: CanvasRenderingContext2D, tone: string, fill: string, edge: string): void {
  const centre = SIZE / 2;
  context.lineWidth = 1.5;
  context.strokeStyle = edge;
  context.fillStyle = fill;
  context.lineJoin = "round";
  const path = shape(tone, centre);
  if (tone === "unknown" || tone === "off") {
    context.lineWidth = 2;
    context.fillStyle = edge;
    context.strokeStyle = fill;
    if (tone === "unknown") context.setLineDash([2.4, 2.2]);
  }
  context.fill(path);
  context.stroke(path);
}

function shape(tone: string, c: number): Path2D {
  const path = new Path2D();
  if (tone === "warn") polygon(path, c, c + 0.8, 6.6, 3, -90);
  else if (tone === "bad") polygon(path, c, c, 6.6, 4, 0);
  else if (tone === "held") path.roundRect(c - 4.4, c - 4.4, 8.8, 8.8, 1);
  else path.arc(c, c, tone === "off" ? 3.6 : 4.4, 0, Math.PI * 2);
  return path;
}

function polygon(path: Path2D, x: number, y: number, radius: number, corners: number, start: number): void {
  for (let corner = 0; corner < corners; corner += 1) {
    const angle = ((start + (corner * 360) / corners) * Math.PI) / 180;
    path.lineTo(x + radius * Math.cos(angle), y + radius * Math.sin(angle));
  }
  path.closePath();
}

export function markImage(tone: string, fill: string, edge: string, ratio = 2): ImageData {
  const canvas = document.createElement("canvas");
  canvas.width = SIZE * ratio;
  canvas.height = SIZE * ratio;
  const context = canvas.getContext("2d");
  if (!context) throw new Error("this browser draws no canvas");
  context.scale(ratio, ratio);
  drawMark(context, tone, fill, edge);
  return context.getImageData(0, 0, canvas.width, canvas.height);
}

export function markCanvas(tone: string, fill: string, edge: string): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  canvas.width = SIZE * 2;
  canvas.height = SIZE * 2;
  canvas.className = "map-mark";
  canvas.setAttribute("aria-hidden", "true");
  const context = canvas.getContext("2d");
  context?.scale(2, 2);
  if (context) drawMark(context, tone, fill, edge);
  return canvas;
}
