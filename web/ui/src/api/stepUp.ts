/** Acts that want the password or passkey again: asked for wherever the server says so, then the act goes on. */
import { Problem } from "./problem";

type Ask = () => Promise<void>;

let ask: Ask | undefined;

/** Who asks the person; the answer takes it back. */
export function onStepUpNeeded(asker: Ask): () => void {
  ask = asker;
  return () => {
    if (ask === asker) ask = undefined;
  };
}

/** Runs a call; when it wants the password again, asks once and runs it anew, so that no page is a dead end. */
export async function withStepUp<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (ask === undefined || !(error instanceof Problem && error.needsStepUp)) throw error;
    await ask();
    return call();
  }
}
