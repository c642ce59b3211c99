/** What this browser lacks of what the reader uses, so that the page says it in words. */
import { hasDecoder } from "../media/groupDecoder";
import { hasMediaSource } from "../media/mediaFeed";

export interface Abilities {
  /** Pictures decoded one by one. */
  decoder: boolean;
  /** A video element fed by the page: the way without a decoder. */
  mediaSource: boolean;
  /** Ed25519, which packages are signed with. */
  signatures: boolean;
}

/** Tries what can only be known by trying. */
export async function abilities(): Promise<Abilities> {
  let signatures = false;
  try {
    // The public key of RFC 8032's first test vector: a browser without Ed25519 refuses its name.
    const hex = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
    const key = Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
    await crypto.subtle.importKey("raw", key, "Ed25519", false, ["verify"]);
    signatures = true;
  } catch {
    // It is what was asked.
  }
  return { decoder: hasDecoder(), mediaSource: hasMediaSource(), signatures };
}
