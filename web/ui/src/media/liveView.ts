/**
 * A place on the page where one camera is seen live. It changes between sub-stream and main stream without a black
 * moment: the new stream plays beside the old one until its first picture is there.
 */

import { LivePlayer, type LiveSource } from "./livePlayer";
import type { LiveSnapshot, Quality } from "./liveState";
import { INITIAL_SNAPSHOT } from "./liveState";

const INCOMING = "incoming";

/** One camera inside one container element, from `start` to `stop`. */
export class LiveView {
  #container: HTMLElement;
  #source: LiveSource;
  #player: LivePlayer | undefined;
  #incoming: LivePlayer | undefined;
  #listeners = new Set<() => void>();
  #unsubscribe: () => void = () => {};

  constructor(container: HTMLElement, source: LiveSource) {
    this.#container = container;
    this.#source = source;
  }

  get snapshot(): LiveSnapshot {
    return this.#player?.snapshot ?? INITIAL_SNAPSHOT;
  }

  /** Capture instant of the picture on screen, in microseconds. */
  get captureUs(): number | undefined {
    return this.#player?.captureUs;
  }

  /** Capture to screen of the picture shown, in milliseconds. */
  get lagMs(): number | undefined {
    return this.#player?.lagMs;
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Shows a stream; the one that plays stays until the other one has a picture. */
  start(quality: Quality): void {
    if (this.#player === undefined) {
      this.#adopt(this.#make(quality));
      return;
    }
    this.#dropIncoming();
    if (this.#player.wanted === quality) return;
    if (this.#player.snapshot.state.kind !== "live") {
      this.#replace(this.#make(quality));
      return;
    }
    const incoming = this.#make(quality);
    incoming.video.classList.add(INCOMING);
    this.#incoming = incoming;
    incoming.subscribe(() => this.#weigh(incoming));
  }

  /** Tries again after a refusal. */
  retry(): void {
    this.#player?.start();
  }

  /** Ends every stream and removes every picture. */
  stop(): void {
    this.#dropIncoming();
    this.#drop(this.#player);
    this.#unsubscribe();
    this.#player = undefined;
    this.#tell();
  }

  #make(quality: Quality): LivePlayer {
    const video = document.createElement("video");
    video.muted = true;
    video.playsInline = true;
    // What the tile says in words is its name; the element itself has nothing to add.
    video.setAttribute("aria-hidden", "true");
    video.tabIndex = -1;
    this.#container.append(video);
    const player = new LivePlayer(video, this.#source, quality);
    player.start();
    return player;
  }

  #adopt(player: LivePlayer): void {
    this.#unsubscribe();
    this.#player = player;
    this.#unsubscribe = player.subscribe(() => this.#tell());
    this.#tell();
  }

  #replace(player: LivePlayer): void {
    const old = this.#player;
    this.#adopt(player);
    this.#drop(old);
  }

  /** The other stream has a picture: it takes the place. It cannot be shown: the first one stays. */
  #weigh(incoming: LivePlayer): void {
    if (incoming !== this.#incoming) return;
    const { state, substituted } = incoming.snapshot;
    if (state.kind === "live" && !substituted) {
      this.#incoming = undefined;
      incoming.video.classList.remove(INCOMING);
      this.#replace(incoming);
    } else if (state.kind === "refused" || state.kind === "unplayable" || substituted) this.#dropIncoming();
  }

  #dropIncoming(): void {
    this.#drop(this.#incoming);
    this.#incoming = undefined;
  }

  #drop(player: LivePlayer | undefined): void {
    if (player === undefined) return;
    player.stop();
    player.video.remove();
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}
