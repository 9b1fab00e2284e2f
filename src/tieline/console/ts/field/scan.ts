// Reads a barcode or QR code with the camera, where the browser can; elsewhere numbers are typed.
import { element } from "../core/dom";

interface Found { readonly rawValue: string }
interface Detector { detect(source: HTMLVideoElement): Promise<Found[]> }
type DetectorClass = new (options: { formats: string[] }) => Detector;
const FORMATS = ["code_128", "code_39", "ean_13", "qr_code", "data_matrix"];
const EVERY_MS = 150;

function detector(): DetectorClass | undefined {
  return (window as unknown as { BarcodeDetector?: DetectorClass }).BarcodeDetector;
}

export function canScan(): boolean {
  return Boolean(detector() && navigator.mediaDevices);
}

/** Show the camera until `accept` takes what was read, or the person stops; gives what was taken, or "". */
export async function scan(title: string, accept: (text: string) => string): Promise<string> {
  const Class = detector();
  if (!Class) return "";
  const dialog = element("dialog", "field-scan");
  const video = element("video");
  const stop = element("button", "button field-big", "Type it instead");
  const said = element("p", "field-scan-said", "Hold the code into the picture.");
  stop.type = "button";
  said.setAttribute("role", "status");
  video.playsInline = true;
  video.muted = true;
  dialog.setAttribute("aria-label", title);
  dialog.append(element("h2", "", title), video, said, stop);
  document.body.append(dialog);
  dialog.showModal();
  let stream: MediaStream | undefined;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
    video.srcObject = stream;
    await video.play();
    return await look(new Class({ formats: FORMATS }), video, said, accept, dialog, stop);
  } catch {
    return "";
  } finally {
    for (const track of stream?.getTracks() ?? []) track.stop();
    dialog.remove();
  }
}

function look(reader: Detector, video: HTMLVideoElement, said: HTMLElement, accept: (text: string) => string, dialog: HTMLDialogElement, stop: HTMLElement): Promise<string> {
  return new Promise((resolve) => {
    let over = false;
    const end = (text: string): void => {
      over = true;
      resolve(text);
    };
    dialog.addEventListener("close", () => end(""));
    stop.addEventListener("click", () => end(""));
    const again = async (): Promise<void> => {
      if (over) return;
      for (const { rawValue } of await reader.detect(video).catch(() => [])) {
        const taken = accept(rawValue);
        if (taken) return end(taken);
        said.textContent = `Read “${rawValue.slice(0, 30)}”, which is another number. Try the other code.`;
      }
      setTimeout(() => void again(), EVERY_MS);
    };
    void again();
  });
}
