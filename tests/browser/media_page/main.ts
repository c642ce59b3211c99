/** Puts the two players on one video element, and reads which numbered frame is really on screen. */
import { FootageTrack } from "../../../web/ui/src/media/footageTrack";
import { InStepPlayer, type StepSource } from "../../../web/ui/src/media/inStep";
import { LivePlayer } from "../../../web/ui/src/media/livePlayer";
import { ReplayPlayer } from "../../../web/ui/src/media/replayPlayer";

const BITS = 16;
const BLOCK_PIXELS = 20;
const CALM_MS = 100;
const video = document.querySelector("video") as HTMLVideoElement;
const drawn = document.querySelector("canvas") as HTMLCanvasElement;
const at = location.origin.replace("http", "ws");

/** Number drawn into the frame on screen, be it of the element or of the canvas over it, or −1 when there is none. */
function frameOnScreen(): number {
  if (drawn.hidden && video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return -1;
  return numberIn(drawn.hidden ? video : drawn);
}

function numberIn(source: CanvasImageSource): number {
  const canvas = new OffscreenCanvas(BITS * BLOCK_PIXELS, 40);
  const context = canvas.getContext("2d", { willReadFrequently: true }) as OffscreenCanvasRenderingContext2D;
  context.drawImage(source, 0, 0);
  let number = 0;
  for (let bit = 0; bit < BITS; bit += 1) {
    const [luma] = context.getImageData(bit * BLOCK_PIXELS + BLOCK_PIXELS / 2, 20, 1, 1).data;
    if ((luma ?? 0) > 127) number |= 1 << bit;
  }
  return number;
}

function live(stream: "main" | "sub"): LivePlayer {
  const player = new LivePlayer(video, { url: (quality) => `${at}/live?stream=${quality}` }, stream);
  player.start();
  return player;
}

function replay(camera: string, startUs: number): ReplayPlayer {
  const bytesUrl = (permit: string, segment: string, offset: number, length: number): string =>
    `/replay/${permit}/segments/${segment}?offset=${offset}&length=${length}`;
  return new ReplayPlayer(video, drawn, { camera, url: `${at}/replay/${camera}`, bytesUrl }, startUs);
}

const quad = Array.from({ length: 4 }, () => document.body.appendChild(document.createElement("canvas")));

function inStep(camera: string, startUs: number): void {
  const bytesUrl = (permit: string, segment: string, offset: number, length: number): string =>
    `/replay/${permit}/segments/${segment}?offset=${offset}&length=${length}`;
  const source = { camera, url: `${at}/replay/${camera}`, bytesUrl };
  const sources = quad.map(
    (canvas): StepSource => ({ open: (us, events) => new FootageTrack(source, us, events), canvas }),
  );
  Object.assign(guet, { player: new InStepPlayer(sources, startUs) });
}

const numbersInStep = (): number[] => quad.map(numberIn);

/** What the first three canvases show, at every drawing, for a while and until the first one has changed twice. */
async function watchInStep(ms: number): Promise<number[][]> {
  const seen: number[][] = [];
  const began = performance.now();
  const isOver = (): boolean =>
    performance.now() - began >= ms && new Set(seen.map(([first]) => first)).size > 2;
  while (!isOver()) {
    await new Promise((done) => requestAnimationFrame(done));
    seen.push(numbersInStep().slice(0, 3));
  }
  return seen;
}

/**
 * Media time per time while the player draws, over so much of it: drawings that came late, and those of pictures that were
 * awaited, are the machine's.
 */
async function speed(ms: number): Promise<number> {
  const player = Reflect.get(guet, "player") as ReplayPlayer;
  let [media, real] = [0, 0];
  let before: { us: number; ms: number; isCalm: boolean } | undefined;
  while (real < ms && player.snapshot.playing) {
    const nowMs = await new Promise<number>((done) => requestAnimationFrame(done));
    const sinceMs = before === undefined ? Number.POSITIVE_INFINITY : nowMs - before.ms;
    const now = { us: player.positionUs, ms: nowMs, isCalm: sinceMs < CALM_MS && !player.snapshot.waiting };
    if (now.isCalm && before?.isCalm) {
      media += now.us - before.us;
      real += sinceMs;
    }
    before = now;
  }
  return media / 1000 / real;
}

const still = document.createElement("canvas");

/** A still is smaller than its picture. */
function numberOfStill(): number {
  const whole = new OffscreenCanvas(320, 192);
  whole.getContext("2d")?.drawImage(still, 0, 0, 320, 192);
  return numberIn(whole);
}

const guet = {
  video,
  drawn,
  still,
  frameOnScreen,
  numberOfStill,
  live,
  replay,
  inStep,
  numbersInStep,
  watchInStep,
  speed,
};
Object.assign(window, { guet });
