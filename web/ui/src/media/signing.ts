/** What a view's socket says first, and again while it lasts: what the page signed for it (decision 0015). */

/** The keeper lets a view last five minutes on one signature; a background tab's timers may be a minute late. */
export const SIGN_EVERY_MS = 100_000;

const OPEN = 1;

/** Signs for a view and says so; `view` is empty to open it. Does nothing where nothing is to be signed. */
export async function sendSigned(
  socket: WebSocket,
  view: string,
  sign: ((view: string) => Promise<string>) | undefined,
): Promise<void> {
  if (sign === undefined) return;
  const statement = await sign(view);
  if (socket.readyState === OPEN)
    socket.send(JSON.stringify({ type: view === "" ? "open" : "renew", statement }));
}
