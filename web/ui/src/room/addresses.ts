/** Where the room's pictures come from, on this same server. */
import { API, seg } from "../api/client";
import { signed } from "../api/signed";
import type { LiveSource } from "../media/livePlayer";
import type { Quality } from "../media/liveState";
import type { ReplaySource } from "../media/replayLink";

const socketOrigin = (): string => window.location.origin.replace(/^http/, "ws");

/** Signs for opening a view, and later for going on with it. */
const signs =
  (act: string, camera: string) =>
  (view: string): Promise<string> =>
    signed(view === "" ? { act, cameras: [camera] } : { act: "prolong", cameras: [camera], view });

/** Live pictures of a camera, masked. */
export function liveSource(camera: string): LiveSource {
  return {
    url: (quality) => `${socketOrigin()}${API}/live/${seg(camera)}?stream=${quality}`,
    sign: signs("live", camera),
  };
}

/** Raw pictures of a camera while its framing session is open (P-57). */
export function framingSource(camera: string): LiveSource {
  return {
    url: (quality) => `${socketOrigin()}${API}/framing/${seg(camera)}?stream=${quality}`,
    sign: signs("framing", camera),
  };
}

/** Recorded pictures of a camera, sealed. */
export function replaySource(camera: string, stream: Quality): ReplaySource {
  return {
    camera,
    url: `${socketOrigin()}${API}/replay/${seg(camera)}?stream=${stream}`,
    sign: signs("replay", camera),
    signWindow: (view, span, publicKey) =>
      signed({
        act: "key_window",
        cameras: [camera],
        view,
        from_us: span.fromUs,
        to_us: span.toUs,
        public: publicKey,
      }),
    bytesUrl: (permit, segment, offset, length) =>
      `${API}/replay/${seg(permit)}/segments/${seg(segment)}?offset=${offset}&length=${length}`,
  };
}
