/** Where the room's pictures come from, on this same server. */
import { API, seg } from "../api/client";
import type { LiveSource } from "../media/livePlayer";
import type { Quality } from "../media/liveState";
import type { ReplaySource } from "../media/replayLink";

const socketOrigin = (): string => window.location.origin.replace(/^http/, "ws");

/** Live pictures of a camera, masked. */
export function liveSource(camera: string): LiveSource {
  return { url: (quality) => `${socketOrigin()}${API}/live/${seg(camera)}?stream=${quality}` };
}

/** Raw pictures of a camera while its framing session is open (P-57). */
export function framingSource(camera: string): LiveSource {
  return { url: (quality) => `${socketOrigin()}${API}/framing/${seg(camera)}?stream=${quality}` };
}

/** Recorded pictures of a camera, sealed. */
export function replaySource(camera: string, stream: Quality): ReplaySource {
  return {
    camera,
    url: `${socketOrigin()}${API}/replay/${seg(camera)}?stream=${stream}`,
    bytesUrl: (permit, segment, offset, length) =>
      `${API}/replay/${seg(permit)}/segments/${seg(segment)}?offset=${offset}&length=${length}`,
  };
}
