/**
 * A replay's connection: one permit, one key pair, windows of keys asked for and opened in the worker.
 * When it closes, for whatever reason, the worker ends and every key with it.
 */
import { type Bytes, encodeBase64 } from "./bytes";
import { MICRO } from "./captureTime";
import type { Group } from "./groupIndex";
import type { Span } from "./keyWindows";
import type { Refusal } from "./liveMessages";
import { markStep } from "./replayMarks";
import { type KeysMessage, readReplayMessage, type SegmentEntry } from "./replayMessages";
import { openVault, type ReplayVault } from "./replayVault";
import { GROUP_HEADER_BYTES } from "./sealedGroup";
import { SIGN_EVERY_MS, sendSigned } from "./signing";

/** The window of the present is asked for again when it has grown by this much. */
const RENEW_AFTER_US = 15 * MICRO;

/** What the owner of a link is told. */
export interface LinkEvents {
  onPermit(journal: number): void;
  onWindow(span: Span, segments: SegmentEntry[]): void;
  onLocked(lock: { holders: string[]; what: string; todo: string }): void;
  onRefused(refusal: Refusal): void;
  /** The connection or the worker is gone; keys are gone with it. */
  onLost(): void;
}

/** Where a replay is fetched from. */
export interface ReplaySource {
  camera: string;
  /** WebSocket URL of the replay. */
  url: string;
  /** What the page signs to open the consultation (`view` empty), and to go on with it. */
  sign?(view: string): Promise<string>;
  /** What it signs for a window of keys, sealed to this public key (base64). */
  signWindow?(view: string, span: Span, publicKey: string): Promise<string>;
  /** URL of a stored stretch of bytes under a permit. */
  bytesUrl(permit: string, segment: string, offset: number, length: number): string;
}

/** One permit's worth of replay. */
export class ReplayLink {
  #socket: WebSocket;
  #vault: ReplayVault;
  #permit = "";
  #publicKey: string | undefined;
  #asked = new Map<number, Span>();
  #waiting: Span[] = [];
  #closed = false;
  #signing: ReturnType<typeof setInterval>;

  constructor(
    readonly source: ReplaySource,
    readonly events: LinkEvents,
  ) {
    this.#vault = openVault();
    this.#socket = new WebSocket(source.url);
    this.#socket.onmessage = (event: MessageEvent<unknown>) => {
      if (typeof event.data === "string") this.#hear(event.data);
    };
    this.#socket.onclose = () => this.#lose();
    this.#socket.onopen = () => this.#sign();
    this.#signing = setInterval(() => this.#permit && this.#sign(), SIGN_EVERY_MS);
    this.#vault.start().then(
      (key) => {
        this.#publicKey = encodeBase64(key);
        this.#send();
      },
      () => this.#lose(),
    );
  }

  /** Asks for a window of keys, once, and again when it has grown; it comes by `onWindow`. */
  ask(span: Span): void {
    const asked = this.#asked.get(span.fromUs) ?? this.#waiting.find((each) => each.fromUs === span.fromUs);
    if (asked !== undefined && span.toUs <= asked.toUs + RENEW_AFTER_US) return;
    this.#waiting.push(span);
    this.#send();
  }

  /** Lets windows be asked for again: after an unlocking, or once they were forgotten. */
  forget(spans: readonly Span[], segments: string[]): void {
    for (const span of spans) this.#asked.delete(span.fromUs);
    this.#vault.forget(segments);
  }

  /** Fetches and opens one group. */
  open(group: Group): Promise<Bytes> {
    const { camera, bytesUrl } = this.source;
    const offset = group.offset - GROUP_HEADER_BYTES;
    const url = bytesUrl(this.#permit, group.segment, offset, group.length + GROUP_HEADER_BYTES);
    return this.#vault.open({ url, camera, segment: group.segment, number: group.number });
  }

  /** Gives up the fetches under way. */
  cancel(): void {
    this.#vault.cancel();
  }

  /** Ends the permit here: socket closed, worker ended, keys gone. */
  close(): void {
    this.#closed = true;
    clearInterval(this.#signing);
    this.#vault.close();
    this.#socket.close();
  }

  #lose(): void {
    if (this.#closed) return;
    this.close();
    this.events.onLost();
  }

  #sign(): void {
    sendSigned(this.#socket, this.#permit, this.source.sign).catch(() => this.#lose());
  }

  #send(): void {
    const publicKey = this.#publicKey;
    if (this.#permit === "" || publicKey === undefined) return;
    for (const span of this.#waiting.splice(0)) {
      this.#asked.set(span.fromUs, span);
      this.#sendWindow(span, publicKey).catch(() => this.#lose());
    }
  }

  async #sendWindow(span: Span, publicKey: string): Promise<void> {
    const statement = (await this.source.signWindow?.(this.#permit, span, publicKey)) ?? "";
    if (this.#closed) return;
    const message = { type: "window", from_us: span.fromUs, to_us: span.toUs, public: publicKey, statement };
    markStep("window-asked", span.fromUs);
    this.#socket.send(JSON.stringify(message));
  }

  #hear(raw: string): void {
    if (this.#closed) return;
    try {
      const message = readReplayMessage(raw);
      if (message.type === "permit") {
        this.#permit = message.id;
        markStep("permit");
        this.events.onPermit(message.journal);
        this.#send();
      } else if (message.type === "keys") {
        markStep("keys", message.fromUs);
        void this.#openKeys(message);
      } else if (message.type === "locked") {
        this.#asked.clear();
        this.events.onLocked(message);
      } else if (message.type === "bad-window") this.#lose();
      else {
        this.close();
        this.events.onRefused(message);
      }
    } catch {
      this.#lose();
    }
  }

  async #openKeys(message: KeysMessage): Promise<void> {
    try {
      // A window without footage comes without keys.
      if (message.sealed !== "") await this.#vault.addKeys(this.#permit, message.sealed);
    } catch {
      this.#lose();
      return;
    }
    const asked = this.#asked.get(message.fromUs) ?? { fromUs: message.fromUs, toUs: message.toUs };
    if (!this.#closed) this.events.onWindow(asked, message.segments);
  }
}
