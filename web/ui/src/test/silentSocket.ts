/** A WebSocket that never answers by itself: a test makes it hear messages. */
export class SilentSocket {
  static opened: SilentSocket[] = [];
  binaryType = "blob";
  onmessage: ((event: MessageEvent<unknown>) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;

  constructor(readonly url: string) {
    SilentSocket.opened.push(this);
  }

  send(): void {}

  close(): void {
    this.onmessage = null;
  }

  /** Delivers one text message, as if it came from the server. */
  hear(data: string): void {
    this.onmessage?.(new MessageEvent("message", { data }));
  }
}
