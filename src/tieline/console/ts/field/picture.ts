// A photo, made small enough for a bad network. Drawing it anew also leaves behind where and with what it was taken.
const LONGEST = 1600;
const MOST = 1_900_000;
const QUALITIES = [0.82, 0.7, 0.55, 0.4];

export async function shrink(file: Blob): Promise<Blob> {
  const drawn = await createImageBitmap(file, { imageOrientation: "from-image" });
  const scale = Math.min(1, LONGEST / Math.max(drawn.width, drawn.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(drawn.width * scale));
  canvas.height = Math.max(1, Math.round(drawn.height * scale));
  canvas.getContext("2d")?.drawImage(drawn, 0, 0, canvas.width, canvas.height);
  drawn.close();
  for (const quality of QUALITIES) {
    const made = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, "image/jpeg", quality));
    if (made && made.size <= MOST) return made;
  }
  throw new Error("The picture stays larger than 2 MB.");
}
